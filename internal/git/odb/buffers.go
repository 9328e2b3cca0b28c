package odb

import (
	"math/bits"

	"r8scan/internal/budget"
)

// buffers keeps memory for objects, to use it again.
type buffers struct {
	limits Limits
	memory *budget.Account // the account for it; nil for no limit other than those above
	exact  bool            // buffers are not returned, so they are no larger than necessary

	free  [keepClasses][][]byte // buffers of 1<<i bytes
	idle  int                   // bytes in free
	spare []byte                // one larger buffer, which memory accounts for
}

// Buffers below 1<<(keepClasses-1) bytes are kept, a few of each class. Of
// larger ones only one is kept: see large.
const (
	keepClasses = 24
	keepCount   = 4
)

// roomOf returns how many bytes of memory are taken for an object of size
// bytes.
func roomOf(size int64) int64 {
	if class := bits.Len64(uint64(size)); class < keepClasses {
		return 1 << class
	}
	return size
}

// Held returns how many bytes of memory an object's content counts for.
func Held(data []byte) int64 {
	if data == nil {
		return 0
	}
	return roomOf(int64(len(data)))
}

// take returns a buffer of size bytes with undefined content. under is how many
// other bytes are held to read the same object.
func (m *buffers) take(size uint64, under int64) ([]byte, error) {
	if err := m.limits.allows(int64(size), under); err != nil {
		return nil, err
	}
	n := int(size)
	class := bits.Len(uint(n))
	if class >= keepClasses {
		return m.large(n), nil
	}
	m.memory.Take(1 << class)
	if free := m.free[class]; len(free) > 0 {
		m.free[class] = free[:len(free)-1]
		m.idle -= 1 << class
		return free[len(free)-1][:n], nil
	}
	if m.exact {
		return make([]byte, n), nil
	}
	return make([]byte, n, 1<<class), nil
}

// large returns n bytes. The system clears new memory, which takes longer than
// a delta that copies most of a large file. So one buffer is kept from leaf to
// leaf.
func (m *buffers) large(n int) []byte {
	spare := m.spare
	if m.spare = nil; n <= cap(spare) && cap(spare)-n <= n/4 {
		m.memory.Give(int64(cap(spare) - n))
		return spare[:n]
	}
	m.memory.Give(int64(cap(spare)))
	m.memory.Take(int64(n))
	return make([]byte, n)
}

// recycle takes back a buffer from take.
func (m *buffers) recycle(b []byte) {
	if len(b) >= 1<<(keepClasses-1) && m.spare == nil {
		m.memory.Take(int64(cap(b) - len(b)))
		m.spare = b
		return
	}
	m.memory.Give(Held(b))
	class := bits.Len(uint(cap(b))) - 1
	if class > 0 && class < keepClasses && cap(b) == 1<<class && len(m.free[class]) < keepCount && int64(m.idle+cap(b)) <= m.memory.Idle() {
		m.free[class] = append(m.free[class], b)
		m.idle += cap(b)
	}
}

// dropSpare frees the larger buffer.
func (m *buffers) dropSpare() {
	m.memory.Give(int64(cap(m.spare)))
	m.spare = nil
}
