namespace ChunkSync.Catalog;

/// <summary>What a token of SQL text is.</summary>
internal enum SqlTokenKind
{
    /// <summary>A bare word: a keyword or a name.</summary>
    Word,

    /// <summary>A name in double quotes, backticks or brackets.</summary>
    QuotedName,

    /// <summary>Text in single quotes, or a blob <c>x'…'</c>.</summary>
    Literal,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A parameter.</summary>
    Parameter,

    /// <summary>One character of an operator or of punctuation.</summary>
    Symbol,
}
