package reports

import "strconv"

// armInks is how many arms have a colour of their own before colours repeat; two more are the floors'.
const armInks = 8

// armInk is the colour of the arm at a place among the arms, the same in every chart. Floors have the
// places from armInks on.
func armInk(place int) ink { return ink("arm" + strconv.Itoa(place)) }

// layerInk is the colour of a layer of bytes.
func layerInk(layer int) ink { return ink("layer" + strconv.Itoa(layer)) }
