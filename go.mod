module github.com/r8scan/r8scan

go 1.25.0
