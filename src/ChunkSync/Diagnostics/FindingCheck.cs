namespace ChunkSync.Diagnostics;

/// <summary>A look for one thing that can be wrong with a database. It reads only.</summary>
/// <param name="id">Its id: never given to another check.</param>
/// <param name="severity">How bad what it finds is.</param>
internal abstract class FindingCheck(string id, Severity severity)
{
    /// <summary>The id.</summary>
    public string Id => id;

    /// <summary>How bad what it finds is.</summary>
    public Severity Severity => severity;

    /// <summary>Whether it reads all rows; others cost what the schema and the settings cost.</summary>
    public virtual bool IsDeep => false;

    /// <summary>Looks, and adds what it finds.</summary>
    public abstract void Run(CheckContext context);
}
