// Command transportlab compares ways of bringing real-time messages to clients: it runs identical
// workloads through polling, AJAX, long polling, streaming, WebSocket and the others over one log, and
// writes a report. See `transportlab --help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"transportlab/bench/node"
)

// Exit codes.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitThreshold   = 99  // what was measured breaks a promise: a lost message, a threshold
	exitInterrupted = 130 // after printing what there was
)

// commands is the command line: a field per subcommand, each in a file of its own.
type commands struct {
	Config string `short:"c" placeholder:"FILE" env:"TRANSPORTLAB_CONFIG" help:"YAML file of defaults: flag names as keys, those of a subcommand below its name. Flags and the environment win."`
	Quiet  bool   `short:"q" env:"TRANSPORTLAB_QUIET" help:"No progress on standard error; results and errors only."`
	JSON   bool   `name:"json" env:"TRANSPORTLAB_JSON" help:"Results as JSON on standard output."`

	Run       runCommand       `cmd:"" help:"Measure transports side by side and write a report."`
	Saturate  saturateCommand  `cmd:"" help:"Find how much each transport carries: its knee, and how it scales."`
	Calibrate calibrateCommand `cmd:"" help:"Hold the instrument against known truths, and fail when it reads them wrong."`
	Serve     serveCommand     `cmd:"" help:"Serve every transport, to try them with curl, a browser or a WebSocket client."`
	Compare   compareCommand   `cmd:"" help:"Hold a result against an earlier one, and fail when it got worse."`
	Advise    adviseCommand    `cmd:"" help:"Predict what each transport costs under your load, and recommend one."`
	Report    reportCommand    `cmd:"" help:"Render result files again: HTML, Markdown, SVG and CSV."`
	Reproduce reproduceCommand `cmd:"" help:"Hold claims and published figures against measurements made for them."`
	Demo      demoCommand      `cmd:"" help:"Show a page with all transports side by side, live, and break them."`
	Workloads workloadsCommand `cmd:"" help:"List and explain the built-in workloads."`
	Version   versionCommand   `cmd:"" help:"Print the version and what it was built from."`
}

const description = `Compares real-time transports: the same workloads over the same log through each of them, measured alike.

Examples:

  transportlab run                                   the standard comparison, under three minutes
  transportlab run -w fanout -t websocket,longpoll   one workload, two transports
  transportlab run -w chat.yaml --runs 10 -o out     a workload of your own, ten runs each
  transportlab serve                                 try the transports by hand
  transportlab report out/result.json -o again       render a result anew
  transportlab compare old.json new.json             what became worse, exit code 99
  transportlab advise --clients 10000 --rate 2/s     which transport when

Exit codes: 0 done, 1 error, 2 wrong usage, 99 a message was lost, a threshold broken or a calibration failed, 130 interrupted.`

// terminal is where a command reads and writes: results to out, progress and complaints to err.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	args     []string // the command line, for the record
	quiet    bool
	json     bool
}

// An exitCodeError makes the process end with a code other than 1. A nil err has been reported already.
type exitCodeError struct {
	code int
	err  error
}

func (e *exitCodeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitCodeError) Unwrap() error { return e.err }

func main() {
	if node.IsChild() { // a server process that run started
		os.Exit(node.Main())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends ctx and the work winds down; the second meets no handler and ends the process.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns the process's exit code. It returns when the command is
// done or, soon after ctx ended, has wound down.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var c commands
	code := -1
	parser, err := kong.New(&c,
		kong.Name("transportlab"),
		kong.Description(description),
		kong.Writers(stdout, stderr),
		kong.Exit(func(n int) { code = n }), // --help asks for this
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, NoAppDescFormat: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(stderr, "transportlab:", err)
		return exitError
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	config, err := configFile(parser.Model, args)
	if err != nil {
		fmt.Fprintln(stderr, "transportlab:", err)
		return exitUsage
	}
	if err := kong.Resolvers(config).Apply(parser); err != nil {
		fmt.Fprintln(stderr, "transportlab:", err)
		return exitError
	}
	parsed, err := parser.Parse(args)
	if code >= 0 { // --help has been printed
		return code
	}
	if err != nil {
		fmt.Fprintf(stderr, "transportlab: %v\nTry 'transportlab --help'.\n", err)
		return exitUsage
	}
	t := &terminal{args: args, in: stdin, out: stdout, err: stderr, quiet: c.Quiet, json: c.JSON}
	return exitCode(stderr, parsed.Run(t))
}

func exitCode(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code := exitError
	var coded *exitCodeError
	switch {
	case errors.As(err, &coded):
		code = coded.code
		err = coded.err
	case errors.Is(err, context.Canceled):
		code = exitInterrupted
		err = nil
	}
	if err != nil {
		fmt.Fprintln(stderr, "transportlab:", err)
	}
	return code
}
