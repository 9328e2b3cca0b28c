package outline

import "container/heap"

// queue holds objects by their numbers, the newest commit first.
type queue struct {
	o    *Outline
	list []int
}

func (q *queue) Len() int           { return len(q.list) }
func (q *queue) Less(i, j int) bool { return q.o.Objects[q.list[i]].When > q.o.Objects[q.list[j]].When }
func (q *queue) Swap(i, j int)      { q.list[i], q.list[j] = q.list[j], q.list[i] }
func (q *queue) Push(x any)         { q.list = append(q.list, x.(int)) }
func (q *queue) Pop() any {
	n := len(q.list) - 1
	x := q.list[n]
	q.list = q.list[:n]
	return x
}

func (q *queue) push(i int) { heap.Push(q, i) }
func (q *queue) pop() int   { return heap.Pop(q).(int) }
