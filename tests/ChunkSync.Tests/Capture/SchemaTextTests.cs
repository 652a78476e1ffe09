using ChunkSync.Catalog;

namespace ChunkSync.Tests.Capture;

public class SchemaTextTests
{
    [Theory]
    [InlineData("CREATE UNIQUE INDEX i ON t(a)", "a", null)]
    [InlineData("CREATE UNIQUE INDEX IF NOT EXISTS \"x(\"\"y\" ON [t (] ( a DESC , \"b c\" COLLATE nocase asc )", "a|\"b c\" COLLATE nocase", null)]
    [InlineData("CREATE INDEX i ON t(lower(a, ',)'), (b + 1)) WHERE a > 1 AND (b OR c)", "lower(a, ',)')|(b + 1)", "a > 1 AND (b OR c)")]
    [InlineData("CREATE INDEX i ON t -- a (comment)\n(a /* , ) */, b)where x='it''s'--end", "a|b", "x='it''s'")]
    [InlineData("CREATE INDEX i ON t(a", null, null)]
    public void Index_text_is_split_when_it_has_expressions_quotes_and_comments(string sql, string? parts, string? predicate)
    {
        IndexText? text = IndexText.Parse(sql);
        Assert.Equal(parts, text == null ? null : string.Join("|", text.Parts));
        Assert.Equal(predicate, text?.Predicate);
    }

    [Fact]
    public void Generated_columns_are_found_when_types_and_defaults_have_parentheses()
    {
        Dictionary<string, string> found = GeneratedColumns.Parse("CREATE TABLE \"t AS (\" (id TEXT, a VARCHAR(10) AS (id || ',)'), [b c] INT DEFAULT (1 + (2))"
            + " GENERATED ALWAYS AS -- x\n ( a + ( 1 ) ) STORED, d DECIMAL(10, 2) CHECK (d AS_IS (1)), e AS(d), CHECK (a <> 'AS ('), PRIMARY KEY(id)) WITHOUT ROWID");
        Assert.Equal(["a=id || ',)'", "b c= a + ( 1 ) ", "e=d"], found.Select(pair => pair.Key + "=" + pair.Value));
    }
}
