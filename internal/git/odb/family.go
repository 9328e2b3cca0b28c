package odb

// Family is the work of one walk: adjacent objects of a pack, and all deltas
// that build on them.
type Family struct {
	pack     *pack
	from, to int32 // positions: of deltas in this range, only those whose base is outside the pack belong to the family
	base     *Node // base of the only position, if the family was split off a larger one
	loose    []int // or the numbers of loose objects
}

// familyWeight is the minimum size of a family in packed bytes, unless one
// object and its deltas are larger.
const familyWeight = 256 << 10

// packFamilies divides the objects of a loaded pack into families.
func packFamilies(p *pack) []Family { return familiesFrom(p, 0) }

// familiesFrom divides the objects from a position into families.
func familiesFrom(p *pack, at int32) []Family {
	var out []Family
	for n := int32(len(p.entries) - 1); at < n; {
		f := Family{pack: p, from: at}
		for weight := int64(0); at < n && weight < familyWeight; at++ {
			if e := &p.entries[at]; e.base < 0 {
				weight += e.weight
			}
		}
		f.to = at
		out = append(out, f)
	}
	return out
}

// looseBatch is how many loose objects form a family.
const looseBatch = 64

// looseFamilies divides n loose objects into families.
func looseFamilies(n int) []Family {
	var out []Family
	for at := 0; at < n; at += looseBatch {
		var f Family
		for i := at; i < min(at+looseBatch, n); i++ {
			f.loose = append(f.loose, i)
		}
		out = append(out, f)
	}
	return out
}
