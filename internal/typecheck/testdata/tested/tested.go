// Package tested compiles on every platform; its test does not.
package tested
