//go:build !crashpoints

package worker

func crashAt(int) {}
