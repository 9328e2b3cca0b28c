//go:build !linux

package main

// measured serves TestBoundedDeltas and TestBoundedPipe, which run on Linux.
func measured() {}
