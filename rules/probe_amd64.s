#include "go_asm.h"
#include "textflag.h"

// TESTS sets R to the groups of the probes that may start at each of the 32 places
// from off on.
#define TESTS(off, R) \
	VMOVDQU (off+0)(SI)(CX*1), R; \
	VMOVDQU (off+1)(SI)(CX*1), Y9; \
	VMOVDQU (off+2)(SI)(CX*1), Y11; \
	VPSRLW $4, R, Y8; \
	VPSRLW $4, Y9, Y10; \
	VPSRLW $4, Y11, Y12; \
	VPAND Y8, Y6, Y8; \
	VPAND Y10, Y6, Y10; \
	VPAND Y12, Y6, Y12; \
	VPAND Y9, Y6, Y9; \
	VPAND Y11, Y6, Y11; \
	VPSHUFB R, Y0, R; \
	VPSHUFB Y8, Y1, Y8; \
	VPSHUFB Y9, Y2, Y9; \
	VPSHUFB Y10, Y3, Y10; \
	VPSHUFB Y11, Y4, Y11; \
	VPSHUFB Y12, Y5, Y12; \
	VPAND R, Y8, R; \
	VPAND Y9, Y10, Y9; \
	VPAND Y11, Y12, Y11; \
	VPAND R, Y9, R; \
	VPAND R, Y11, R

// func probesAVX2(t *vectorTable, text *byte, from, to int) (at int, mask uint64)
//
// Each half of a byte selects a byte of a table. If both selected bytes have a bit,
// the tested byte may be at this place of a probe of that bit's group. The code
// tests the bytes at p, p+1 and p+2, for 32 p at a time. The lower half of the
// first byte needs no mask: a shuffle uses only the lower half of its index, and
// returns 0 for an index above 127. No probe begins with a byte above 127.
TEXT ·probesAVX2(SB), NOSPLIT, $0-48
	MOVQ t+0(FP), AX
	MOVQ text+8(FP), SI
	MOVQ from+16(FP), CX
	MOVQ to+24(FP), DX
	VMOVDQU (vectorTable_halves+0)(AX), Y0
	VMOVDQU (vectorTable_halves+32)(AX), Y1
	VMOVDQU (vectorTable_halves+64)(AX), Y2
	VMOVDQU (vectorTable_halves+96)(AX), Y3
	VMOVDQU (vectorTable_halves+128)(AX), Y4
	VMOVDQU (vectorTable_halves+160)(AX), Y5
	VMOVDQU vectorTable_low(AX), Y6
	VPXOR Y15, Y15, Y15
	LEAQ -32(DX), R8

loop: // twice 32 places
	CMPQ CX, R8
	JGT last
	TESTS(0, Y7)
	TESTS(32, Y13)
	VPOR Y7, Y13, Y14
	VPTEST Y14, Y14
	JNZ either
	ADDQ $64, CX
	JMP loop

either:
	VPTEST Y7, Y7
	JNZ found
	ADDQ $32, CX
	VMOVDQA Y13, Y7
	JMP found

last:
	CMPQ CX, DX
	JGT done
	TESTS(0, Y7)
	VPTEST Y7, Y7
	JNZ found
	ADDQ $32, CX
	JMP last

done:
	XORL BX, BX
	JMP out

found:
	VPCMPEQB Y15, Y7, Y7
	VPMOVMSKB Y7, BX
	XORL $0xffffffff, BX

out:
	VZEROUPPER
	MOVQ CX, at+32(FP)
	MOVQ BX, mask+40(FP)
	RET

// func probesVBMI(t *vectorTable, text *byte, from, to int) (at int, mask uint64)
//
// The same for 64 places. One table of 128 bytes replaces the two tables for
// halves. It confuses a byte above 127 with the byte 128 below. The caller checks
// every candidate, so this finds nothing wrong.
TEXT ·probesVBMI(SB), NOSPLIT, $0-48
	MOVQ t+0(FP), AX
	MOVQ text+8(FP), SI
	MOVQ from+16(FP), CX
	MOVQ to+24(FP), DX
	VMOVDQU64 (vectorTable_bytes+0)(AX), Z0
	VMOVDQU64 (vectorTable_bytes+64)(AX), Z1
	VMOVDQU64 (vectorTable_bytes+128)(AX), Z2
	VMOVDQU64 (vectorTable_bytes+192)(AX), Z3
	VMOVDQU64 (vectorTable_bytes+256)(AX), Z4
	VMOVDQU64 (vectorTable_bytes+320)(AX), Z5

loop64:
	CMPQ CX, DX
	JGT done64
	VMOVDQU64 0(SI)(CX*1), Z7
	VMOVDQU64 1(SI)(CX*1), Z8
	VMOVDQU64 2(SI)(CX*1), Z9
	VPERMI2B Z1, Z0, Z7
	VPERMI2B Z3, Z2, Z8
	VPERMI2B Z5, Z4, Z9
	VPANDQ Z7, Z8, Z8
	VPTESTMB Z8, Z9, K1
	KMOVQ K1, BX
	TESTQ BX, BX
	JNZ found64
	ADDQ $64, CX
	JMP loop64

done64:
	XORL BX, BX

found64:
	VZEROUPPER
	MOVQ CX, at+32(FP)
	MOVQ BX, mask+40(FP)
	RET
