// Broken does not compile: a result of its only function is missing.
package main

func main() { return 1 }
