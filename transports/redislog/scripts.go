package redislog

import _ "embed"

//go:embed append.lua
var appendSource string

//go:embed read.lua
var readSource string
