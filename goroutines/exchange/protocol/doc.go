// Package protocol is the edge of the exchange, where people and files write: it reads
// decimals and lines of text into commands to a book, and writes reports and books so
// that people can read them. It is the only place with decimals. They are exact: there
// is no floating point, and what cannot be counted in ticks and lots is an error.
//
// # Lines
//
// A line is one command. Words are separated by blanks, # begins a comment, and a line
// without words says nothing. A symbol is declared before it is used:
//
//	symbol ACME tick 0.01 lot 1
//	sell 100 ACME @ 10.25 id 1             # 100 for sale, at 10.25 or more
//	buy 40 ACME market id 2 by 7           # 40 at any price, for owner 7
//	buy 50 ACME @ 10.20 id 3 by 7 day      # until the day ends
//	sell 60 ACME market id 4 stop 10.20    # once a trade is at 10.20 or below
//	replace 1 ACME 80 @ 10.30              # at 10.30, and 80 of it
//	reduce 1 ACME 20                       # by 20, to 60
//	book ACME
//	orders ACME
//	sell 10 ACME @ 10.20 id 5 ioc          # now, or not at all
//	cancel 3 ACME by 7
//	endday ACME
//
// This is all there is. What stands in [] may be left out, and | is a choice:
//
//	symbol SYMBOL tick STEP lot STEP
//	buy QUANTITY SYMBOL @ PRICE|market id ID [by OWNER] [day|ioc|fok|post] [show QUANTITY] [stop PRICE]
//	sell QUANTITY SYMBOL @ PRICE|market id ID [by OWNER] [day|ioc|fok|post] [show QUANTITY] [stop PRICE]
//	cancel ID SYMBOL [by OWNER]
//	reduce ID SYMBOL QUANTITY [by OWNER]
//	replace ID SYMBOL QUANTITY @ PRICE|market [by OWNER] [stop PRICE]
//	endday SYMBOL
//	book SYMBOL
//	orders SYMBOL [by OWNER]
//
// The words behind the symbol may come in any order. Small words may be written in
// capitals, as in BUY; symbols are not the same if their case is not.
//
//	SYMBOL    1 to 16 letters, digits, or any of . - _
//	STEP      a decimal above 0 of at most 18 digits: the tick, of which all prices
//	          are multiples, or the lot, of which all quantities are
//	PRICE     a decimal such as 10.25, 10.2, .5 or -3; with @ the limit of the order,
//	          with stop its trigger
//	QUANTITY  a decimal, not below 0
//	ID        of an order, from 0 to 2^64-1
//	OWNER     from 0 to 2^32-1; 0 or none is nobody
//	market    at any price
//	day       ends with the day
//	ioc       immediate or cancel
//	fok       fill or kill
//	post      is rejected if its price crosses the other side
//	show      is an iceberg of which so much is seen at a time
//	stop      waits until a trade is at that price or beyond
//
// What these do is a matter of package book, and so is which of them contradict each
// other: the parser refuses only what the book would not see, such as a word that is
// given twice. A replace without stop leaves the trigger of an order that waits as it
// is, and that of a market order that waits has market, too. A symbol may be declared
// again as the same. The last line must end as all others do.
//
// # Answers
//
// Each report of the book is a line, and a book is a table. Its orders, with those that
// wait and what icebergs hide, are the lines that would enter what is left of them. To the
// lines above:
//
//	accepted 1 sell 100 @ 10.25
//	accepted 2 buy 40
//	traded 40 @ 10.25: 2 buys from 1 and has 0 left
//	accepted 3 buy 50 @ 10.20
//	accepted 4 sell 60
//	replaced 1 sell 80 @ 10.30
//	replaced 1 sell 60 @ 10.30
//	ACME, last trade at 10.25
//	orders  quantity    bid |   ask  quantity  orders
//	     1        50  10.20 | 10.30        60       1
//	buy 50 ACME @ 10.20 id 3 by 7 day
//	sell 60 ACME @ 10.30 id 1
//	sell 60 ACME market id 4 stop 10.20
//	accepted 5 sell 10 @ 10.20
//	traded 10 @ 10.20: 5 sells to 3 and has 0 left
//	triggered 4 sell 60 at 10.20
//	traded 40 @ 10.20: 4 sells to 3 and has 20 left
//	cancelled 4 sell 20: what is left of a market or immediate-or-cancel order does not rest
//	rejected 3: no order with this id is in the book
//	accepted endday
//
// A market order has no price, and neither has one whose limit is 0: the reports of the
// book do not tell one from the other.
package protocol
