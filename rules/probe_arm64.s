#include "go_asm.h"
#include "textflag.h"

// bitOf has the bit of a mask for each byte of a vector, the lowest bit first.
DATA bitOf<>+0(SB)/8, $0x8040201008040201
DATA bitOf<>+8(SB)/8, $0x8040201008040201
GLOBL bitOf<>(SB), RODATA|NOPTR, $16

// func probesNEON(t *vectorTable, text *byte, from, to int) (at int, mask uint64)
//
// Each half of a byte selects a byte of a table. If both selected bytes have a bit,
// the tested byte may be at this place of a probe of that bit's group. The code
// tests the bytes at p, p+1 and p+2, for 16 p at a time.
TEXT ·probesNEON(SB), NOSPLIT, $0-48
	MOVD t+0(FP), R0
	MOVD text+8(FP), R1
	MOVD from+16(FP), R2
	MOVD to+24(FP), R3
	ADD $(vectorTable_halves+0), R0, R4
	VLD1 (R4), [V0.B16]
	ADD $(vectorTable_halves+32), R0, R4
	VLD1 (R4), [V1.B16]
	ADD $(vectorTable_halves+64), R0, R4
	VLD1 (R4), [V2.B16]
	ADD $(vectorTable_halves+96), R0, R4
	VLD1 (R4), [V3.B16]
	ADD $(vectorTable_halves+128), R0, R4
	VLD1 (R4), [V4.B16]
	ADD $(vectorTable_halves+160), R0, R4
	VLD1 (R4), [V5.B16]
	ADD $vectorTable_low, R0, R4
	VLD1 (R4), [V6.B16]

loop:
	CMP R3, R2
	BGT done
	ADD R2, R1, R4
	ADD $1, R4, R5
	ADD $2, R4, R6
	VLD1 (R4), [V7.B16]
	VLD1 (R5), [V9.B16]
	VLD1 (R6), [V11.B16]
	VUSHR $4, V7.B16, V8.B16
	VUSHR $4, V9.B16, V10.B16
	VUSHR $4, V11.B16, V12.B16
	VAND V6.B16, V7.B16, V7.B16
	VAND V6.B16, V9.B16, V9.B16
	VAND V6.B16, V11.B16, V11.B16
	VTBL V7.B16, [V0.B16], V7.B16
	VTBL V8.B16, [V1.B16], V8.B16
	VTBL V9.B16, [V2.B16], V9.B16
	VTBL V10.B16, [V3.B16], V10.B16
	VTBL V11.B16, [V4.B16], V11.B16
	VTBL V12.B16, [V5.B16], V12.B16
	VAND V7.B16, V8.B16, V7.B16
	VAND V9.B16, V10.B16, V9.B16
	VAND V11.B16, V12.B16, V11.B16
	VAND V7.B16, V9.B16, V7.B16
	VAND V7.B16, V11.B16, V7.B16
	VMOV V7.D[0], R7
	VMOV V7.D[1], R8
	ORR R7, R8, R9
	CBNZ R9, found
	ADD $16, R2
	B loop

done:
	MOVD $0, R7
	B out

found:
	MOVD $bitOf<>(SB), R4
	VLD1 (R4), [V13.B16]
	VCMTST V7.B16, V7.B16, V7.B16
	VAND V13.B16, V7.B16, V7.B16
	VADDP V7.B16, V7.B16, V7.B16
	VADDP V7.B16, V7.B16, V7.B16
	VADDP V7.B16, V7.B16, V7.B16
	VMOV V7.H[0], R7

out:
	MOVD R2, at+32(FP)
	MOVD R7, mask+40(FP)
	RET
