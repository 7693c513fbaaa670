// How many nodes of each label and relationships of each type the graph has.
MATCH (n)
RETURN 'node' AS what, labels(n)[0] AS name, count(*) AS number
ORDER BY name
UNION ALL
MATCH ()-[r]->()
RETURN 'relationship' AS what, type(r) AS name, count(*) AS number
ORDER BY name
