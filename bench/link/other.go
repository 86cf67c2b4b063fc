//go:build !linux

package link

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"transportlab/bench/result"
	"transportlab/transports/carrier"
)

const (
	clientSide = "client"
	serverSide = "server"

	tcp   = "tcp"
	rawIP = "ip"

	serverAddr = "192.0.2.1"
	clientAddr = "192.0.2.2"
)

var errLinux = errors.New("the relay needs network namespaces and TUN devices, which Linux has")

// relay exists on Linux alone.
type relay struct{}

func openRelay(context.Context, result.Net, uint64) (*relay, error) { return nil, errLinux }
func (*relay) socket(string, string) (int, error)                   { return 0, errLinux }
func (*relay) counters() (Counters, error)                          { return Counters{}, errLinux }
func (*relay) control(string) carrier.Control                       { return nil }
func (*relay) Close() error                                         { return nil }

// TaskName is the name of Task.
const TaskName = "link"

// Task is the life of a relay's process, which Linux alone has.
func Task(context.Context, json.RawMessage, io.Reader, io.Writer) error { return errLinux }

// Inherited is a carrier.Control that puts the inherited descriptor in the place of each socket.
func Inherited(int) carrier.Control { return nil }
