using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Volumes;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Persistence;

public abstract partial class Db
{
    /// <summary>The keys that blocks are sealed with, wrapped.</summary>
    public DbSet<DataKey> DataKeys => Set<DataKey>();

    /// <summary>Changes that were made to volumes.</summary>
    public DbSet<VolumeModification> VolumeModifications => Set<VolumeModification>();
}
