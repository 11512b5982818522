// foreign-log [FLAGS] DIR COUNT... makes a C2SP tlog-tiles log with the Go
// project's own packages: DIR/log (tiles, entries, the last checkpoint),
// DIR/checkpoint-N for each COUNT (the same again where one comes twice), and
// DIR/vkey.  It shares nothing with the program that reads it.
//
//	-key NAME      of the log's key
//	-origin LINE   of its checkpoints, where it is not the key's name
//	-strangers N   signatures of N keys nobody knows, before the log's, and
//	               one cosignature of a witness
//	-extension L   a line behind the root hash
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

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

// witness cosigns as C2SP tlog-cosignature says (type 0x04).
type witness struct {
	name string
	id   uint32
	key  ed25519.PrivateKey
}

func newWitness(name string) *witness {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	sum := sha256.Sum256([]byte(name + "\n\x04" + string(public)))
	return &witness{name, binary.BigEndian.Uint32(sum[:4]), key}
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.id }
func (w *witness) Sign(msg []byte) ([]byte, error) {
	const at = 1700000000
	text := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, msg)
	return append(binary.BigEndian.AppendUint64(nil, at),
		ed25519.Sign(w.key, []byte(text))...), nil
}

func newSigner(name string) (note.Signer, string) {
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		log.Fatal(err)
	}
	return signer, vkey
}

func root(size int, stored hashes) tlog.Hash {
	if size == 0 { // the library's answer, 32 zero bytes, is not RFC 6962's
		return sha256.Sum256(nil)
	}
	h, err := tlog.TreeHash(int64(size), stored)
	if err != nil {
		log.Fatal(err)
	}
	return h
}

func main() {
	key := flag.String("key", "go.example/foreign", "")
	origin := flag.String("origin", "", "")
	strangers := flag.Int("strangers", 0, "")
	extension := flag.String("extension", "", "")
	flag.Parse()
	dir := flag.Arg(0)
	signer, vkey := newSigner(*key)
	write(filepath.Join(dir, "vkey"), []byte(vkey+"\n"))
	if *origin == "" {
		*origin = *key
	}
	var signers []note.Signer
	for i := 0; i < *strangers; i++ {
		other, _ := newSigner(fmt.Sprintf("stranger.example/%d", i))
		signers = append(signers, other)
	}
	signers = append(signers, signer)
	if *strangers > 0 {
		signers = append(signers, newWitness("witness.example"))
	}
	var stored hashes
	size := 0
	for _, word := range flag.Args()[1:] {
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
		h := root(size, stored)
		text := fmt.Sprintf("%s\n%d\n%s\n", *origin, size,
			base64.StdEncoding.EncodeToString(h[:]))
		if *extension != "" {
			text += *extension + "\n"
		}
		signed, err := note.Sign(&note.Note{Text: text}, signers...)
		if err != nil {
			log.Fatal(err)
		}
		write(filepath.Join(dir, "checkpoint-"+word), signed)
		write(filepath.Join(dir, "log", "checkpoint"), signed)
	}
	writeTiles(filepath.Join(dir, "log"), stored, size)
}
