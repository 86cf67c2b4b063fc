package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"transportlab/bench/link"
	"transportlab/bench/proxy"
	"transportlab/bench/result"
	"transportlab/transports"
)

// Under returns the arms under each of the network conditions, which are named as link.Parse takes them, and
// with each of the variants; "" is none. A floor without a network meets none of them, one without HTTP no
// variant.
func Under(arms []result.Arm, nets, variants []string) ([]result.Arm, error) {
	var all []result.Arm
	for _, text := range nets {
		n, err := link.Parse(text)
		if err != nil {
			return nil, err
		}
		for _, text := range variants {
			v, err := ParseVariant(text)
			if err != nil {
				return nil, err
			}
			for _, a := range arms {
				if a.Carrier != "none" {
					a.Net = n.Name
				}
				if a.Carrier != "none" && a.Transport != "tcp" {
					a.Variant = v.String()
				}
				all = appendNew(all, a)
			}
		}
	}
	return all, nil
}

func appendNew(arms []result.Arm, a result.Arm) []result.Arm {
	for _, known := range arms {
		if known == a {
			return arms
		}
	}
	return append(arms, a)
}

// CheckArm returns an error that says what of an arm cannot be had.
func CheckArm(a result.Arm) error {
	if err := checkPlain(a); err != nil {
		return err
	}
	if err := checkVariant(a); err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	return nil
}

// checkPlain leaves the variant out.
func checkPlain(a result.Arm) error {
	t, err := find(a.Transport, transports.Options{})
	if err != nil {
		return err
	}
	if !slices.Contains(t.Info().Carriers, a.Carrier) {
		return fmt.Errorf("%s does not run on %s but on %v", a.Transport, a.Carrier, t.Info().Carriers)
	}
	switch n, err := link.Parse(a.Net); {
	case err != nil:
		return fmt.Errorf("%s: %w", a, err)
	case n.Name != a.Net:
		return fmt.Errorf("%s: the network condition is to be written %q", a, n.Name)
	case a.Net != link.Loopback && a.Carrier == "none":
		return fmt.Errorf("%s: a network condition needs a network", a)
	}
	return nil
}

// checkArm returns an error that says what of an arm the plan cannot have.
func (p Plan) checkArm(a result.Arm) error {
	if p.Plant != nil { // variants are a calibration's own
		return checkPlain(a)
	}
	if err := CheckArm(a); err != nil {
		return err
	}
	v, err := ParseVariant(a.Variant)
	if err == nil && v.Proxy != "" {
		err = proxy.Find(v.Proxy)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	if p.Target != "" && (v.Proxy != "" || a.Net != link.Loopback) {
		return fmt.Errorf("%s: what lies before a server that runs already is not the lab's to make", a)
	}
	return nil
}

// links are the network conditions of a plan's arms, by name.
type links map[string]*link.Link

// openLinks makes the network conditions that the arms need, finds out what they achieve, and notes both in d.
func openLinks(ctx context.Context, p Plan, d *result.Document) (ls links, err error) {
	ls = links{}
	defer func() {
		if err != nil {
			err = errors.Join(err, ls.Close())
		}
	}()
	for _, a := range p.Arms {
		if ls[a.Net] != nil || a.Carrier == "none" || p.Target != "" {
			continue
		}
		n, err := link.Parse(a.Net)
		if err != nil {
			return ls, err
		}
		l, err := link.Open(ctx, n, p.Emulator, p.Seed)
		if err != nil {
			return ls, err
		}
		ls[a.Net] = l
		achieved, checks, err := link.Calibrate(ctx, l)
		if err != nil {
			return ls, err
		}
		n = l.Net()
		n.Achieved = &achieved
		d.Nets = append(d.Nets, n)
		d.Calibration = append(d.Calibration, checks...)
	}
	return ls, nil
}

// Close ends them all.
func (ls links) Close() error {
	var errs []error
	for _, l := range ls {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
