//go:build !linux

package main

// measured is for tests that run on Linux only.
func measured() {}
