package redislog

import (
	_ "embed"
	"errors"
)

//go:embed append.lua
var appendSource string

//go:embed read.lua
var readSource string

var (
	errTimeout = errors.New("no answer in time")
	errPending = errors.New("too many appends wait")
	errReply   = errors.New("unexpected reply")
)
