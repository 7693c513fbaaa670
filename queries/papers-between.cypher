// Papers that evaluate on a dataset within a span of years.
// param dataset: Dataset, such as "ImageNet"
// param first: int = 2000
// param last: int = 2100
// param limit: int = 50
MATCH (p:Paper)-[:EVALUATES_ON]->(:Dataset {name: $dataset})
WHERE p.year >= $first AND p.year <= $last
RETURN p.year AS year, p.title AS paper, p.venue AS venue, p.url AS url
ORDER BY year, paper
LIMIT $limit
