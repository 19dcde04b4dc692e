using Kiln.Service.Ec2.KeyPairs;
using Kiln.Service.Ec2.Network;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Persistence;

public abstract partial class Db
{
    /// <summary>Which accounts have their network in which Region.</summary>
    public DbSet<AccountNetwork> AccountNetworks => Set<AccountNetwork>();

    /// <summary>VPCs.</summary>
    public DbSet<Vpc> Vpcs => Set<Vpc>();

    /// <summary>Subnets.</summary>
    public DbSet<Subnet> Subnets => Set<Subnet>();

    /// <summary>Security groups.</summary>
    public DbSet<SecurityGroup> SecurityGroups => Set<SecurityGroup>();

    /// <summary>Their rules.</summary>
    public DbSet<SecurityGroupRule> SecurityGroupRules => Set<SecurityGroupRule>();

    /// <summary>Interfaces of instances that are not terminated.</summary>
    public DbSet<NetworkInterface> NetworkInterfaces => Set<NetworkInterface>();

    /// <summary>Which interface is in which group.</summary>
    public DbSet<InterfaceGroup> InterfaceGroups => Set<InterfaceGroup>();

    /// <summary>Key pairs: their public halves.</summary>
    public DbSet<KeyPair> KeyPairs => Set<KeyPair>();
}
