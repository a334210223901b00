// Package everywhere compiles on every platform.
package everywhere
