// Methods in more papers from a year on than before it, the largest rise first.
// param since: int = 2020
// param span: int = 3
// param limit: int = 20
MATCH (p:Paper)-[:PROPOSES|USES|COMPARES]->(m:Method)
WHERE p.year >= $since - $span AND p.year < $since + $span
WITH m, sum(CASE WHEN p.year >= $since THEN 1 ELSE 0 END) AS after,
     sum(CASE WHEN p.year < $since THEN 1 ELSE 0 END) AS before
WITH m, after, before, after - before AS rise
WHERE rise > 0
RETURN m.name AS method, before, after, rise
ORDER BY rise DESC, method
LIMIT $limit
