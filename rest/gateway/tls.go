package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"regexp"
	"time"
)

// validity of certificates is the most that Apple's clients accept.
const validity = 825 * 24 * time.Hour

// dnsName is a name that a certificate can have: letters, digits and hyphens
// (RFC 1123 §2.1), the first label may be a wildcard.
var dnsName = regexp.MustCompile(`^(\*\.)?([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

// Authority is a certificate authority that lives in memory, for as long as its
// process. Its key never leaves it.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority makes a new authority with an ECDSA key on P-256.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("gateway: key of the authority: %w", err)
	}
	template := certificate("gonotes authority")
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("gateway: certificate of the authority: %w", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("gateway: certificate of the authority: %w", err)
	}
	return &Authority{certificate: parsed, key: key}, nil
}

// Server returns the configuration of a server with the given names, each a DNS
// name or an IP address: TLS 1.3 only, HTTP/2 and HTTP/1.1. Give it to
// http.Server.TLSConfig, then call ServeTLS(listener, "", "").
func (a *Authority) Server(names ...string) (*tls.Config, error) {
	if len(names) == 0 {
		return nil, errors.New("gateway: a server certificate needs at least one name")
	}
	template := certificate("gonotes server")
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else if len(name) <= 253 && dnsName.MatchString(name) {
			template.DNSNames = append(template.DNSNames, name)
		} else {
			return nil, fmt.Errorf("gateway: server name %q is neither a DNS name nor an IP address", name)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("gateway: key of %s: %w", names[0], err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("gateway: certificate of %s: %w", names[0], err)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		NextProtos:   []string{"h2", "http/1.1"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}, nil
}

// Client returns the configuration of a client that trusts this authority and no
// other: TLS 1.3 only.
func (a *Authority) Client() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool}
}

// certificate is what all certificates have alike. The hour before now is for
// clients whose clock is late.
func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour),
		NotAfter:  now.Add(validity - time.Hour),
	}
}
