module depot

go 1.21
