using Kiln.Service.Calls;

namespace Kiln.Service.Work;

/// <summary>Which node this process is. It lives with the data folder: the bytes on these disks are this
/// node's.</summary>
public sealed class NodeIdentity(string id)
{
    /// <summary>The node's id, e.g. <c>node-0a1b2c3d4e5f60718</c>.</summary>
    public string Id { get; } = id;

    /// <summary>Reads the id from the data folder, or makes one on first start.</summary>
    public static NodeIdentity OpenOrCreate(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "node-id");
        if (File.Exists(path))
            return new NodeIdentity(File.ReadAllText(path).Trim());
        var id = Ids.New("node");
        File.WriteAllText(path, id + "\n");
        return new NodeIdentity(id);
    }
}
