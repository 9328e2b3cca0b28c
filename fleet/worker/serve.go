package worker

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"r8scan/fleet/page"
	"r8scan/fleet/receive"
)

// answer serves what the operator's configuration says, until stop is called.
func (w *Worker) answer() (stop func(), err error) {
	receiver, err := receive.New(w.cfg.Operator, w.store, w.queue, w.cfg.SealTo, w.log)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/github/", receiver)
	mux.Handle("/gitlab/", receiver)
	if w.cfg.Operator.Serve.Page != nil {
		pages, err := page.New(w.cfg.Operator, w.store, w.queue, w.log)
		if err != nil {
			return nil, err
		}
		mux.Handle("/", pages)
	}
	listener, err := net.Listen("tcp", w.cfg.Operator.Serve.Listen)
	if err != nil {
		return nil, fmt.Errorf("serve: listen: %w", err)
	}
	// Messages of 10 MB come in time, and what waits for Replicate is answered.
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 90 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			w.log.Warn("serving ended", "error", err.Error())
		}
	}()
	w.log.Info("serving", "address", listener.Addr().String())
	return func() { server.Close() }, nil
}
