namespace ChunkSync.Sqlite;

/// <summary>One registered SQL function with one arity: name, number of arguments (-1 = any) and body as in
/// <c>sqlite3_create_function_v2</c>, and where SQLite lets it be called.</summary>
internal sealed unsafe class FunctionDefinition
{
    private const int InnocuousFlag = 0x200000;
    private const int DeterministicFlag = 0x800;
    private const int DirectOnlyFlag = 0x80000;

    /// <summary>A scalar function.</summary>
    public FunctionDefinition(string name, int arity, delegate*<in Call, void> body)
    {
        Name = name;
        Arity = arity;
        Body = body;
    }

    /// <summary>An aggregate: <paramref name="step"/> gets the group's accumulator, made by <paramref name="create"/> at the
    /// group's first row; <paramref name="final"/> gets null for an empty group. Accumulators that are
    /// <see cref="IDisposable"/> are disposed afterwards.</summary>
    public FunctionDefinition(
        string name, int arity, Func<object, object> create,
        delegate*<object, in Call, void> step, delegate*<object?, in Call, void> final)
    {
        Name = name;
        Arity = arity;
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

    /// <summary>Where the function may be called besides statements of the program.</summary>
    public required SchemaUse InSchema { get; init; }

    /// <summary>Whether equal arguments always give equal results: indexes and generated columns may use it then.</summary>
    public bool IsDeterministic { get; init; }

    /// <summary>Whether calls return NULL without running the body while <see cref="NativeState.Idle"/> says so: a scalar function that is
    /// called for every entry of a walk, and has something to say at a few that are known before.</summary>
    public bool CanBeIdle { get; init; }

    /// <summary>SQLite's flags for it.</summary>
    public int Flags => (IsDeterministic ? DeterministicFlag : 0) | InSchema switch
    {
        SchemaUse.Innocuous => InnocuousFlag,
        SchemaUse.DirectOnly => DirectOnlyFlag,
        _ => 0,
    };

    public delegate*<in Call, void> Body { get; }

    public Func<object, object>? Create { get; }

    public delegate*<object, in Call, void> Step { get; }

    public delegate*<object?, in Call, void> Final { get; }
}
