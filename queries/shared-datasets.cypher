// Datasets that two methods are both evaluated on.
// param a: Method, such as "ResNet"
// param b: Method, such as "VGG"
// param limit: int = 20
MATCH (a:Method {name: $a})-[x:EVALUATED_ON]->(d:Dataset)<-[y:EVALUATED_ON]-(b:Method {name: $b})
WHERE a.id <> b.id
RETURN d.name AS dataset, x.papers AS papers_of_a, y.papers AS papers_of_b
ORDER BY papers_of_a + papers_of_b DESC, dataset
LIMIT $limit
