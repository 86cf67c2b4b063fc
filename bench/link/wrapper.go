package link

import (
	"context"
	"errors"
	"net"

	"transportlab/bench/result"
)

func dialSlowly(ctx context.Context, n result.Net, network, addr string) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}
