// SPDX-License-Identifier: BSD-2-Clause

// Go's net/mail.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/mail"
	"net/textproto"
	"os"
)

var names = []string{"From", "Sender", "Resent-From", "Resent-Sender", "Author"}

func read(raw []byte) map[string]any {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	seen := map[string]any{}
	for _, name := range names {
		pairs := [][2]string{}
		for _, value := range message.Header[textproto.CanonicalMIMEHeaderKey(name)] {
			list, err := mail.ParseAddressList(value)
			if err != nil {
				seen["error"] = err.Error()
			}
			for _, address := range list {
				pairs = append(pairs, [2]string{address.Name, address.Address})
			}
		}
		if len(pairs) > 0 {
			seen[name] = pairs
		}
	}
	return seen
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<16)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		var length uint32
		if binary.Read(in, binary.BigEndian, &length) != nil {
			return
		}
		raw := make([]byte, length)
		if _, err := io.ReadFull(in, raw); err != nil {
			return
		}
		line, _ := json.Marshal(read(raw))
		out.Write(line)
		out.WriteString("\n")
	}
}
