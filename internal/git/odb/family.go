package odb

// Family is the work of one walk: objects that stand side by side in a pack,
// and all deltas that grow from them.
type Family struct {
	pack     *pack
	from, to int32 // positions: of the deltas among them those count that build on something outside the pack
	base     *Node // of the one position, if it was split off a larger family
	loose    []int // or loose objects
}

// familyWeight is how many packed bytes make a family, if one object and its
// deltas are not more.
const familyWeight = 256 << 10

// packFamilies cuts the objects of a pack that is loaded into families.
func packFamilies(p *pack) []Family {
	var out []Family
	n := int32(p.idx.n)
	for at := int32(0); at < n; {
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

// looseBatch is how many loose objects make a family.
const looseBatch = 64

// looseFamilies cuts n loose objects into families.
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
