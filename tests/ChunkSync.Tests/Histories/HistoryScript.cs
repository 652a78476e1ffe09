using System.Text;

namespace ChunkSync.Tests.Histories;

/// <summary>What a history did, as a script for the <c>sqlite3</c> shell: one connection for each replica, or two. The shell has five.</summary>
internal sealed class HistoryScript
{
    private readonly List<(int Replica, int Connection, string Sql)> lines = [];

    /// <summary>The number of statements.</summary>
    public int Count => lines.Count;

    public void Add(int replica, int connection, string sql) => lines.Add((replica, connection, sql));

    /// <summary>The script.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        List<(int, int)> connections = [];
        (int, int) current = default;
        foreach ((int replica, int connection, string sql) in lines)
        {
            if (connections.Count == 0 || (replica, connection) != current)
            {
                current = (replica, connection);
                if (!connections.Contains(current))
                {
                    connections.Add(current);
                }

                text.Append(".connection ").Append(connections.IndexOf(current)).Append('\n');
            }

            text.Append(sql).Append(sql.StartsWith('.') || sql.StartsWith("--", StringComparison.Ordinal) ? "\n" : ";\n");
        }

        return text.ToString();
    }
}
