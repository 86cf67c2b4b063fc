package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// configFile gives flags the values of the file that --config names. What stands on the command line
// or in the environment wins over it. A key that is no flag is an error, so that a misspelt one is not
// silently without effect.
func configFile(app *kong.Application, args []string) (kong.Resolver, error) {
	path := configPath(args)
	if path == "" {
		return kong.ResolverFunc(noValue), nil
	}
	values, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	if err := checkConfig(app, values); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return kong.ResolverFunc(func(_ *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
		return configured(values, parent, flag), nil
	}), nil
}

func noValue(*kong.Context, *kong.Path, *kong.Flag) (any, error) { return nil, nil }

// maxConfig is the largest configuration file in bytes.
const maxConfig = 1 << 20

func readConfig(path string) (map[string]any, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	if len(text) > maxConfig {
		return nil, fmt.Errorf("--config: %s is larger than %d bytes", path, maxConfig)
	}
	var values map[string]any
	if err := yaml.UnmarshalWithOptions(text, &values, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, true))
	}
	return values, nil
}

func checkConfig(app *kong.Application, values map[string]any) error {
	for key, value := range values {
		if hasFlag(app.Node, key) {
			continue
		}
		command := subcommand(app.Node, key)
		if command == nil {
			return fmt.Errorf("%q is neither a flag nor a subcommand", key)
		}
		below, ok := value.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: want its flags as keys and values", key)
		}
		for flag := range below {
			if !hasFlag(command, flag) {
				return fmt.Errorf("%s has no flag %q", key, flag)
			}
		}
	}
	return nil
}

// configured is a flag's value in the file, nil when it has none or the environment decides.
func configured(values map[string]any, parent *kong.Path, flag *kong.Flag) any {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil
		}
	}
	if parent.Command != nil {
		values, _ = values[parent.Command.Name].(map[string]any)
	}
	value, ok := values[flag.Name]
	if !ok {
		return nil
	}
	if list, ok := value.([]any); ok {
		parts := make([]string, len(list))
		for i, each := range list {
			parts[i] = fmt.Sprint(each)
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(value)
}

// configPath finds the file before kong has parsed anything, since what is in it takes part in parsing.
func configPath(args []string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			return value
		}
		if (arg == "--config" || arg == "-c") && i+1 < len(args) {
			return args[i+1]
		}
		if arg == "--" {
			break
		}
	}
	return os.Getenv("TRANSPORTLAB_CONFIG")
}

func hasFlag(node *kong.Node, name string) bool {
	for _, flag := range node.Flags {
		if flag.Name == name && name != "config" && name != "help" {
			return true
		}
	}
	return false
}

func subcommand(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name && !child.Hidden {
			return child
		}
	}
	return nil
}
