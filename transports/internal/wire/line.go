package wire

import (
	"bufio"
	"bytes"

	"transportlab/transports"
)

// NextLine reads a line of NDJSON that is not empty, of at most so many bytes. Its kind is "message", or the
// type of a control. A line that the stream's end cut off is none.
func NextLine(r *bufio.Reader, most int) (kind string, data []byte, err error) {
	for len(data) == 0 {
		for err = bufio.ErrBufferFull; err == bufio.ErrBufferFull; {
			var part []byte
			part, err = r.ReadSlice('\n')
			if data = append(data, part...); len(data) > most {
				return "", nil, transports.ErrTooLarge
			}
		}
		if err != nil {
			return "", nil, err
		}
		data = bytes.TrimRight(data, "\n")
	}
	if IsControl(data) {
		c, err := ParseControl(data)
		return c.Type, data, err
	}
	return "message", data, nil
}
