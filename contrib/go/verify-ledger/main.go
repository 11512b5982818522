// verify-ledger checks a whole ledger folder, or one proof, with the Go
// project's own implementation of signed notes and transparency logs
// (golang.org/x/mod/sumdb), which knows nothing of Azukari.
//
//	verify-ledger log DIR VKEY [CHECKPOINT...]
//	    DIR/checkpoint is signed by VKEY; the entries hash to its root; every
//	    tile is what the entries say; each older CHECKPOINT (a file) is a
//	    prefix of the same tree.
//	verify-ledger proof ENTRY PROOF VKEY [WITNESS-VKEY...]
//	    ENTRY is in the log, every witness given has cosigned.
//	verify-ledger consistency FILE VKEY OLD-CHECKPOINT
//	    FILE (`old N`, hashes, blank line, checkpoint) proves that
//	    OLD-CHECKPOINT is a prefix.
//
// Debian: apt install golang-go golang-golang-x-mod-dev, then
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o verify-ledger .
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8 // of a tile: 256 hashes

// cosigner verifies witness cosignatures (type 0x04), which the library does
// not know: eight bytes of time, then Ed25519 over two lines and the text.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
	time uint64
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	c.time = binary.BigEndian.Uint64(sig)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", c.time, msg)
	return c.time < 1<<63 && ed25519.Verify(c.key, []byte(signed), sig[8:])
}

func newCosigner(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed vkey")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 33 || raw[0] != 4 {
		return nil, errors.New("not a witness's vkey")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), raw...))
	hash := binary.BigEndian.Uint32(sum[:])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, errors.New("wrong id in vkey")
	}
	return &cosigner{name: parts[0], hash: hash, key: raw[1:]}, nil
}

// openCheckpoint verifies a note under the log's key; tlog.ParseTree knows one
// origin only, so the three lines are read here.
func openCheckpoint(msg []byte, vkey string, more ...note.Verifier) (tree tlog.Tree, err error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	n, err := note.Open(msg, note.VerifierList(append(more, verifier)...))
	if err != nil {
		return tree, err
	}
	if len(n.Sigs) != 1+len(more) {
		return tree, errors.New("a signature that is asked for is missing")
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tree, errors.New("a checkpoint of another origin")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// tilePath is the library's path without the height: tile/L/N instead of
// tile/8/L/N.
func tilePath(t tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", height))
}

// tiles reads tiles from a folder.
type tiles struct{ dir string }

func (t tiles) Height() int                         { return height }
func (t tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (t tiles) ReadTiles(ids []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, id := range ids {
		data, err := t.read(id)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// read falls back on the full tile, as partial ones may be deleted then.
func (t tiles) read(id tlog.Tile) ([]byte, error) {
	data, err := ioutil.ReadFile(filepath.Join(t.dir, tilePath(id)))
	if os.IsNotExist(err) && id.W < 1<<height {
		full := id
		full.W = 1 << height
		data, err = ioutil.ReadFile(filepath.Join(t.dir, tilePath(full)))
		if err == nil && len(data) == 32<<height {
			data = data[:id.W*32]
		}
	}
	if err == nil && len(data) != id.W*32 {
		err = fmt.Errorf("%s: wrong length", tilePath(id))
	}
	return data, err
}

// entryPath is the path of the bundle that begins at entry first.
func entryPath(first, size int64) string {
	t := tlog.Tile{H: height, L: 0, N: first >> height, W: 1 << height}
	if size-first < 1<<height {
		t.W = int(size - first)
	}
	return "tile/entries/" + strings.TrimPrefix(tilePath(t), "tile/0/")
}

// readBundle gives the entries of one bundle, exactly as many as asked for; the
// first ones of the full bundle where the partial one was deleted.
func readBundle(path string, count int) ([][]byte, error) {
	data, err := ioutil.ReadFile(path)
	part := strings.LastIndex(path, ".p/")
	full := os.IsNotExist(err) && part > 0
	if full {
		path = path[:part]
		data, err = ioutil.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s: cut off", path)
		}
		n := int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:2+n])
		data = data[2+n:]
	}
	if full && len(entries) == 1<<height {
		entries = entries[:count]
	}
	if len(entries) != count {
		return nil, fmt.Errorf("%s: %d entries instead of %d", path, len(entries), count)
	}
	return entries, nil
}

// hashAll computes every stored hash of the tree from the entries alone.
func hashAll(dir string, size int64) (stored []tlog.Hash, err error) {
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for first := int64(0); first < size; first += 1 << height {
		count := size - first
		if count > 1<<height {
			count = 1 << height
		}
		entries, err := readBundle(filepath.Join(dir, entryPath(first, size)), int(count))
		if err != nil {
			return nil, err
		}
		for i, entry := range entries {
			hashes, err := tlog.StoredHashes(first+int64(i), entry, reader)
			if err != nil {
				return nil, err
			}
			stored = append(stored, hashes...)
		}
	}
	return stored, nil
}

// allTiles lists the tiles of a tree of that size; only the last of each level
// may be partial (the library's NewTiles names every width on the way).
func allTiles(size int64) (ids []tlog.Tile) {
	for level := 0; size > 0; level++ {
		n := int64(0)
		for ; n < size>>height; n++ {
			ids = append(ids, tlog.Tile{H: height, L: level, N: n, W: 1 << height})
		}
		if w := int(size - n<<height); w > 0 {
			ids = append(ids, tlog.Tile{H: height, L: level, N: n, W: w})
		}
		size >>= height
	}
	return ids
}

// checkTiles compares every tile on disk with the hashes out of the entries.
func checkTiles(dir string, size int64, reader tlog.HashReader) (int, error) {
	ids := allTiles(size)
	for _, id := range ids {
		want, err := tlog.ReadTileData(id, reader)
		if err != nil {
			return 0, err
		}
		got, err := tiles{dir}.read(id)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(got, want) {
			return 0, fmt.Errorf("%s differs from the entries", tilePath(id))
		}
	}
	return len(ids), nil
}

// emptyRoot is RFC 6962's; the library has 32 zero bytes instead.
func emptyRoot() tlog.Hash { return sha256.Sum256(nil) }

func checkOlder(tree tlog.Tree, reader tlog.HashReader, path, vkey string) error {
	msg, err := ioutil.ReadFile(path)
	if err != nil {
		return err
	}
	old, err := openCheckpoint(msg, vkey)
	if err != nil {
		return fmt.Errorf("%s: %v", path, err)
	}
	if old.N == 0 { // a prefix of everything; the library knows no proof of it
		if old.Hash != emptyRoot() {
			return fmt.Errorf("%s: not the root of an empty tree", path)
		}
		fmt.Printf("%s: 0 entries, a prefix\n", filepath.Base(path))
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, old.N, reader)
	if err != nil {
		return fmt.Errorf("%s: %v", path, err)
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("%s: %v", path, err)
	}
	fmt.Printf("%s: %d entries, a prefix\n", filepath.Base(path), old.N)
	return nil
}

func verifyLog(dir, vkey string, older []string) error {
	msg, err := ioutil.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(msg, vkey)
	if err != nil {
		return err
	}
	stored, err := hashAll(dir, tree.N)
	if err != nil {
		return err
	}
	entries := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	root, err := tlog.TreeHash(tree.N, entries)
	if err != nil {
		return err
	}
	if tree.N == 0 {
		root = emptyRoot()
	}
	if root != tree.Hash {
		return errors.New("the entries do not hash to the root")
	}
	count, err := checkTiles(dir, tree.N, entries)
	if err != nil {
		return err
	}
	// The library's own reader authenticates tiles against the root.
	reader := tlog.TileHashReader(tree, tiles{dir})
	for _, path := range older {
		if err := checkOlder(tree, reader, path, vkey); err != nil {
			return err
		}
	}
	fmt.Printf("%d entries, %d tiles\n", tree.N, count)
	return nil
}

// parseHashes reads base64 lines up to the blank line; the rest is a note.
func parseHashes(text string) (hashes []tlog.Hash, rest string, err error) {
	for {
		end := strings.Index(text, "\n")
		if end < 0 {
			return nil, "", errors.New("no checkpoint")
		}
		line := text[:end]
		text = text[end+1:]
		if line == "" {
			return hashes, text, nil
		}
		h, err := tlog.ParseHash(line)
		if err != nil {
			return nil, "", err
		}
		hashes = append(hashes, h)
	}
}

// number reads `WORD N` off the front of a text.
func number(text, word string) (int64, string, error) {
	end := strings.Index(text, "\n")
	if end < 0 || !strings.HasPrefix(text, word+" ") {
		return 0, "", fmt.Errorf("no %s line", word)
	}
	n, err := strconv.ParseInt(text[len(word)+1:end], 10, 64)
	return n, text[end+1:], err
}

func verifyProof(entryPath, proofPath, vkey string, witnesses []string) error {
	entry, err := ioutil.ReadFile(entryPath)
	if err != nil {
		return err
	}
	proof, err := ioutil.ReadFile(proofPath)
	if err != nil {
		return err
	}
	const first = "c2sp.org/tlog-proof@v1\n"
	if !strings.HasPrefix(string(proof), first) {
		return errors.New("not a tlog-proof of version 1")
	}
	text := string(proof[len(first):])
	if strings.HasPrefix(text, "extra ") {
		text = text[strings.Index(text, "\n")+1:]
	}
	index, text, err := number(text, "index")
	if err != nil {
		return err
	}
	hashes, msg, err := parseHashes(text)
	if err != nil {
		return err
	}
	var more []note.Verifier
	for _, vkey := range witnesses {
		c, err := newCosigner(vkey)
		if err != nil {
			return err
		}
		more = append(more, c)
	}
	tree, err := openCheckpoint([]byte(msg), vkey, more...)
	if err != nil {
		return err
	}
	fmt.Printf("entry %d of %d\n", index, tree.N)
	return tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func verifyConsistency(path, vkey, oldPath string) error {
	file, err := ioutil.ReadFile(path)
	if err != nil {
		return err
	}
	oldMsg, err := ioutil.ReadFile(oldPath)
	if err != nil {
		return err
	}
	size, text, err := number(string(file), "old")
	if err != nil {
		return err
	}
	hashes, msg, err := parseHashes(text)
	if err != nil {
		return err
	}
	old, err := openCheckpoint(oldMsg, vkey)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint([]byte(msg), vkey)
	if err != nil {
		return err
	}
	if old.N != size {
		return errors.New("a proof from another size")
	}
	fmt.Printf("from %d to %d\n", old.N, tree.N)
	return tlog.CheckTree(hashes, tree.N, tree.Hash, old.N, old.Hash)
}

func run(args []string) error {
	switch {
	case len(args) >= 3 && args[0] == "log":
		return verifyLog(args[1], args[2], args[3:])
	case len(args) >= 4 && args[0] == "proof":
		return verifyProof(args[1], args[2], args[3], args[4:])
	case len(args) == 4 && args[0] == "consistency":
		return verifyConsistency(args[1], args[2], args[3])
	}
	fmt.Fprintln(os.Stderr, "usage: verify-ledger log DIR VKEY [CHECKPOINT...]")
	fmt.Fprintln(os.Stderr, "       verify-ledger proof ENTRY PROOF VKEY [WITNESS-VKEY...]")
	fmt.Fprintln(os.Stderr, "       verify-ledger consistency FILE VKEY OLD-CHECKPOINT")
	os.Exit(2)
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "verify-ledger: NOT VERIFIED:", err)
		os.Exit(1)
	}
	fmt.Println("VERIFIED")
}
