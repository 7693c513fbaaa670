// How many papers of each year speak of a method, dataset or task, and the share of the year's papers that is.
// param name: Entity, such as "ImageNet"
MATCH (dated:Paper)
WHERE dated.year IS NOT NULL
WITH dated.year AS year, count(*) AS of_year
MATCH (p:Paper)-[]->(e:Method|Dataset|Task)
WHERE e.name = $name AND p.year = year
WITH year, of_year, count(DISTINCT p.id) AS papers
RETURN year, papers, of_year, round(1.0 * papers / of_year, 4) AS share
ORDER BY year
