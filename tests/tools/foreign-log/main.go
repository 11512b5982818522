// foreign-log DIR COUNT... makes a C2SP tlog-tiles log with the Go project's own
// packages: DIR/log (tiles, entries, the last checkpoint), DIR/checkpoint-N for
// each COUNT, and DIR/vkey.  It shares nothing with the program that reads it.
package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const origin = "go.example/foreign"

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = h[at]
	}
	return out, nil
}

func write(path string, data []byte) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		log.Fatal(err)
	}
}

func entry(i int) []byte {
	return []byte(fmt.Sprintf("foreign entry %d%s\n", i, strings.Repeat("!", i%9)))
}

func bundle(from, to int) []byte {
	var out []byte
	for i := from; i < to; i++ {
		e := entry(i)
		out = binary.BigEndian.AppendUint16(out, uint16(len(e)))
		out = append(out, e...)
	}
	return out
}

func writeTiles(dir string, stored hashes, size int) {
	for _, t := range tlog.NewTiles(8, 0, int64(size)) {
		data, err := tlog.ReadTileData(t, stored)
		if err != nil {
			log.Fatal(err)
		}
		path := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
		write(filepath.Join(dir, path), data)
		if t.L == 0 {
			from := int(t.N) * 256
			write(filepath.Join(dir, strings.Replace(path, "tile/0/",
				"tile/entries/", 1)), bundle(from, from+t.W))
		}
	}
}

func main() {
	dir := os.Args[1]
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		log.Fatal(err)
	}
	write(filepath.Join(dir, "vkey"), []byte(vkey+"\n"))
	var stored hashes
	size := 0
	for _, word := range os.Args[2:] {
		count, err := strconv.Atoi(word)
		if err != nil {
			log.Fatal(err)
		}
		for ; size < count; size++ {
			more, err := tlog.StoredHashes(int64(size), entry(size), stored)
			if err != nil {
				log.Fatal(err)
			}
			stored = append(stored, more...)
		}
		root, err := tlog.TreeHash(int64(size), stored)
		if err != nil {
			log.Fatal(err)
		}
		text := fmt.Sprintf("%s\n%d\n%s\n", origin, size,
			base64.StdEncoding.EncodeToString(root[:]))
		signed, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			log.Fatal(err)
		}
		write(filepath.Join(dir, "checkpoint-"+word), signed)
		write(filepath.Join(dir, "log", "checkpoint"), signed)
	}
	writeTiles(filepath.Join(dir, "log"), stored, size)
}
