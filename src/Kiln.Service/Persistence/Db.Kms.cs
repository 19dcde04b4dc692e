using Kiln.Service.Kms;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Persistence;

public abstract partial class Db
{
    /// <summary>KMS keys of all Regions, each replica a row.</summary>
    public DbSet<Key> Keys => Set<Key>();

    /// <summary>Names for keys.</summary>
    public DbSet<Alias> Aliases => Set<Alias>();

    /// <summary>Grants on keys.</summary>
    public DbSet<Grant> Grants => Set<Grant>();
}
