package mpsbridge

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate returns a self-signed certificate for 127.0.0.1, and the PEM file that holds it.
func certificate(t *testing.T) (certificate tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	says := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, says, says, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca #1.pem")
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

func TestTLSTrustsTheAuthoritiesOfAFile(t *testing.T) {
	s := startRedis(t)
	mine, file := certificate(t)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{mine}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go forward(listener, s.Address)
	address := "rediss://" + listener.Addr().String()
	for options, works := range map[string]bool{
		"": false, "?skip_verify=false": false, "?skip_verify=true": true,
		"?ca_file=" + url.PathEscape(file): true,
	} {
		q, err := Open(context.Background(), address+options, "q")
		switch {
		case works && err != nil:
			t.Errorf("%s: %v", options, err)
		case works:
			_ = q.Close() // only pinged
		case err == nil || !strings.Contains(err.Error(), "certificate"):
			t.Errorf("%s: error %v", options, err)
		}
	}
}

// forward hands each connection on to another address.
func forward(listener net.Listener, to string) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
			go func() {
				_, _ = io.Copy(pair[0], pair[1]) // it ends with its connection
				_ = pair[0].Close()
			}()
		}
	}
}
