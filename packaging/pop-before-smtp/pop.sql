CREATE TABLE pop (address text NOT NULL, login text NOT NULL, time integer NOT NULL,
	PRIMARY KEY (address, login));
