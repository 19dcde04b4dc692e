using Kiln.Blocks.Manifests;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Storage;

/// <summary>The manifests that this node's rows need: what collection keeps, and what a scrub expects to
/// find.</summary>
public sealed class StoreRoots(Transfers transfers, IServiceScopeFactory scopes, NodeIdentity node)
{
    /// <summary>Those of a Region. Asked in a context of its own, so that it sees what is committed.</summary>
    public IReadOnlyList<ManifestId> Of(string region)
    {
        using var scope = scopes.CreateScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var named = db.Snapshots.AsNoTracking().Where(s => s.Region == region && s.NodeId == node.Id
                && (s.ManifestId != null || s.UploadedManifestId != null))
            .Select(s => s.ManifestId ?? s.UploadedManifestId!).ToList();
        named.AddRange(db.Volumes.AsNoTracking().Where(v => v.Region == region && v.NodeId == node.Id
                && (v.LastManifestId != null || v.BaseManifestId != null))
            .Select(v => v.LastManifestId ?? v.BaseManifestId!).ToList());
        // The parent of a snapshot that is being written may be deleted; its blocks are needed all the same.
        named.AddRange(db.Snapshots.AsNoTracking().Where(s => s.Region == region && s.NodeId == node.Id
                && s.State == SnapshotState.Pending && s.ParentManifestId != null)
            .Select(s => s.ParentManifestId!).ToList());
        return [.. named.Select(id => new ManifestId(id)), .. transfers.Finished(region)];
    }
}
