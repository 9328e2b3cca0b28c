package worker

import (
	"context"
	"database/sql"
	"errors"

	"r8scan/fleet/ledger"
	"r8scan/fleet/seal"
	"r8scan/rules"
)

// seal keeps a token sealed, if the operator wants that and it is asked about. One that is
// remembered only, or was not found, cannot be: it is when it is found at its place.
func (w *Worker) seal(ctx context.Context, tx *sql.Tx, rule string, secret rules.Secret) error {
	if w.cfg.SealTo == nil || secret.IsRemembered() || secret.Reveal() == "" {
		return nil
	}
	key := w.cfg.SealTo.ID()
	wants, err := ledger.Wants(ctx, tx, secret.ID(), key)
	if err != nil || !wants {
		return err
	}
	body, err := seal.Seal(*w.cfg.SealTo, secret, rule)
	if err != nil {
		return err
	}
	return ledger.Seal(ctx, tx, ledger.Sealed{Token: secret.ID(), Key: key, Body: body})
}

// unsealed returns a token that is sealed; false if it is not, or does not open here.
func (w *Worker) unsealed(ctx context.Context, id, rule string) (secret rules.Secret, ok bool, err error) {
	sealed, err := ledger.Unseal(ctx, w.store.DB, id)
	if err != nil || sealed.Body == nil {
		return secret, false, err
	}
	secret, err = w.cfg.Keys.Open(sealed.Body, id, rule)
	switch {
	case err == nil:
		return secret, true, nil
	case !errors.Is(err, seal.ErrNoKey):
		w.log.Warn("a sealed token does not open: it is erased, and looked for at its place", "token_id", id, "error", err.Error())
		return secret, false, ledger.Erase(ctx, w.store.DB, sealed)
	case len(w.cfg.Keys) > 0: // without any, that is how the operator wants it
		if _, said := w.lacks.LoadOrStore(sealed.Key, true); !said {
			w.log.Warn("tokens sealed to this key do not open, and are looked for at their places", "key", sealed.Key, "error", err.Error())
		}
	}
	return secret, false, nil
}
