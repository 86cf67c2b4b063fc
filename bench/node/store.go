package node

import (
	"context"
	"fmt"

	"transportlab/transports"
	"transportlab/transports/memlog"
)

// StoreInfo says what holds a log.
type StoreInfo struct {
	Kind    string `json:"kind"`
	Version string `json:"version,omitempty"`
	Address string `json:"address,omitempty"`
}

type store struct {
	Log   transports.Log
	Info  StoreInfo
	Close func() error
}

func openStore(_ context.Context, spec string) (store, error) {
	if spec != "memory" {
		return store{}, fmt.Errorf("store %q", spec)
	}
	log := memlog.New(memlog.Options{MaxLen: 100_000})
	return store{Log: log, Info: StoreInfo{Kind: "memory"}, Close: log.Close}, nil
}
