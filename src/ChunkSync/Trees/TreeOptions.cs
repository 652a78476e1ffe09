using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>The options of <c>cloudsync_tree_init</c>.</summary>
/// <param name="CutsCycles">Whether rows in a cycle are put to the root where the replay cuts it.</param>
/// <param name="HasIndex">Whether the index of children is made.</param>
internal sealed record TreeOptions(bool CutsCycles, bool HasIndex)
{
    /// <summary>Reads them.</summary>
    /// <param name="connection">Whose SQLite reads the JSON.</param>
    /// <param name="json">A JSON object; null for none.</param>
    public static TreeOptions Parse(Connection connection, string? json)
    {
        TreeOptions options = new(CutsCycles: false, HasIndex: true);
        if (json == null)
        {
            return options;
        }

        if (!IsObject(connection, json))
        {
            throw Errors.BadArgument(TreeErrors.Init, "options must be a JSON object");
        }

        using Statement entries = connection.Prepare("SELECT key, type FROM json_each(?1)");
        entries.Bind(1, json);
        while (entries.Step())
        {
            string name = entries.String(0);
            bool isTrue = entries.String(1) switch
            {
                "true" => true,
                "false" => false,
                _ when name is not ("cut_cycles" or "index") => false,
                _ => throw Errors.BadArgument(TreeErrors.Init, $"option '{name}' must be true or false"),
            };
            options = name switch
            {
                "cut_cycles" => options with { CutsCycles = isTrue },
                "index" => options with { HasIndex = isTrue },
                _ => throw Errors.BadArgument(TreeErrors.Init, $"unknown option '{name}'"),
            };
        }

        return options;
    }

    private static bool IsObject(Connection connection, string json)
    {
        return Is(connection, "SELECT json_valid(?1)", json) && Is(connection, "SELECT json_type(?1) = 'object'", json);
    }

    /// <summary>One question a statement: SQLite evaluates what depends on parameters alone before it knows whether it is needed.</summary>
    private static bool Is(Connection connection, string question, string json)
    {
        using Statement answer = connection.Prepare(question);
        answer.Bind(1, json);
        return answer.Step() && answer.Int64(0) != 0;
    }
}
