package archive

import (
	"errors"
	"io"

	"github.com/nwaples/rardecode/v2"
)

// rar reads a RAR, from its start on.
func (w *walker) rar(c *content, path string, depth int) error {
	window := w.limits.Window
	if err := w.take(window); err != nil {
		return err
	}
	defer w.give(window)
	r, err := rardecode.NewReader(c.buf, rardecode.MaxDictionarySize(window))
	if err != nil {
		return rarError(err)
	}
	for {
		x := &expander{w: w, r: r, packed: c.src}
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return rarError(err)
		}
		switch {
		case h.Encrypted:
			err = w.unreadable(path, h.Name, "it is encrypted")
		case h.IsDir:
			err = w.member(path, h.Name, depth, nil)
		default:
			err = w.member(path, h.Name, depth, x)
		}
		var limit limitError
		if errors.As(x.err, &limit) && err == nil {
			return errors.New("a member in it passed a limit; what follows that was not read, as it would have to be unpacked first")
		}
		if err != nil {
			return err
		}
	}
}

func rarError(err error) error {
	switch {
	case errors.Is(err, rardecode.ErrArchiveEncrypted):
		return errors.New("it is encrypted, names included")
	case errors.Is(err, rardecode.ErrMultiVolume):
		return errors.New("it is one part of several, which were not put together")
	case errors.Is(err, rardecode.ErrDictionaryTooLarge):
		return errors.New("its dictionary is larger than the memory it may use; this member and what follows were not read")
	}
	return err
}
