using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>How the database stores text. It is asked for once: what a database stores its text as never changes.</summary>
internal sealed class TextEncoding(Connection connection)
{
    private readonly Statement encoding = connection.Prepare("PRAGMA main.encoding");
    private bool? isUtf8;

    /// <inheritdoc cref="SyncSession.IsUtf8"/>
    public bool IsUtf8
    {
        get
        {
            if (isUtf8 is not bool known)
            {
                encoding.Step();
                known = encoding.String(0) == "UTF-8";
                encoding.Reset();
                isUtf8 = known;
            }

            return known;
        }
    }

    /// <summary>Another database is in its place.</summary>
    public void Forget() => isUtf8 = null;
}
