namespace ChunkSync.Sqlite;

/// <summary>One registered SQL function with one arity: name, number of arguments (-1 = any) and flags as in
/// <c>sqlite3_create_function_v2</c>, and its body.</summary>
internal sealed unsafe class FunctionDefinition
{
    public const int Innocuous = 0x200000;
    public const int Deterministic = 0x800;
    public const int DirectOnly = 0x80000;

    /// <summary>A scalar function.</summary>
    public FunctionDefinition(string name, int arity, int flags, delegate*<in Call, void> body)
    {
        Name = name;
        Arity = arity;
        Flags = flags;
        Body = body;
    }

    /// <summary>An aggregate: <paramref name="step"/> gets the group's accumulator, made by <paramref name="create"/> at the
    /// group's first row; <paramref name="final"/> gets null for an empty group. Accumulators that are
    /// <see cref="IDisposable"/> are disposed afterwards.</summary>
    public FunctionDefinition(
        string name, int arity, int flags, Func<object, object> create,
        delegate*<object, in Call, void> step, delegate*<object?, in Call, void> final)
    {
        Name = name;
        Arity = arity;
        Flags = flags;
        Create = create;
        Step = step;
        Final = final;
    }

    public string Name { get; }

    /// <summary>One line of help: what it does and returns.</summary>
    public required string Summary { get; init; }

    /// <summary>One SQL statement that shows it.</summary>
    public required string Example { get; init; }

    public int Arity { get; }

    public int Flags { get; }

    public delegate*<in Call, void> Body { get; }

    public Func<object, object>? Create { get; }

    public delegate*<object, in Call, void> Step { get; }

    public delegate*<object?, in Call, void> Final { get; }
}
