using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Kiln.Service.Persistence.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "AccessKeys",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    SealedSecret = table.Column<byte[]>(type: "bytea", nullable: false),
                    PrincipalArn = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    PrincipalId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    RoleName = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    UserName = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    SessionPolicy = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    SessionTokenDigest = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    ExpiresAt = table.Column<long>(type: "bigint", nullable: true),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AccessKeys", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "AccountNetworks",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    DhcpOptionsId = table.Column<string>(type: "character varying(26)", maxLength: 26, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AccountNetworks", x => new { x.AccountId, x.Region });
                });

            migrationBuilder.CreateTable(
                name: "Accounts",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Accounts", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Aliases",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    TargetKeyId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    CreationDate = table.Column<long>(type: "bigint", nullable: false),
                    LastUpdatedDate = table.Column<long>(type: "bigint", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Aliases", x => new { x.AccountId, x.Region, x.Name });
                });

            migrationBuilder.CreateTable(
                name: "AttachedPolicies",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    OwnerKind = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    OwnerName = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    PolicyArn = table.Column<string>(type: "character varying(700)", maxLength: 700, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_AttachedPolicies", x => new { x.AccountId, x.OwnerKind, x.OwnerName, x.PolicyArn });
                });

            migrationBuilder.CreateTable(
                name: "DataKeys",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    KmsKeyArn = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    Wrapped = table.Column<byte[]>(type: "bytea", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_DataKeys", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Grants",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    KeyArn = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    GranteePrincipal = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    RetiringPrincipal = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true, collation: "C"),
                    IssuingAccount = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    Operations = table.Column<string>(type: "text", nullable: false),
                    ContextSubset = table.Column<string>(type: "text", nullable: true),
                    ContextEquals = table.Column<string>(type: "text", nullable: true),
                    Token = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    CreationDate = table.Column<long>(type: "bigint", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Grants", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "IdempotentAnswers",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Action = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Token = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    RequestDigest = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    RequestId = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Status = table.Column<int>(type: "integer", nullable: false),
                    ContentType = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Body = table.Column<byte[]>(type: "bytea", nullable: false),
                    AnsweredAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_IdempotentAnswers", x => new { x.AccountId, x.Region, x.Action, x.Token });
                });

            migrationBuilder.CreateTable(
                name: "Images",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    NameKey = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true, collation: "C"),
                    Name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    Description = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    State = table.Column<string>(type: "text", nullable: false),
                    StateReasonCode = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    StateReasonMessage = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true, collation: "C"),
                    IsPublic = table.Column<bool>(type: "boolean", nullable: false),
                    Platform = table.Column<string>(type: "text", nullable: false),
                    RootDeviceType = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    RootDeviceName = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    Devices = table.Column<string>(type: "text", nullable: false),
                    ImageLocation = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: false, collation: "C"),
                    CreationDate = table.Column<long>(type: "bigint", nullable: false),
                    DeprecationTime = table.Column<long>(type: "bigint", nullable: true),
                    LastLaunchedTime = table.Column<long>(type: "bigint", nullable: true),
                    DeregistrationProtection = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    ProtectionCooldownEnd = table.Column<long>(type: "bigint", nullable: true),
                    ImdsSupport = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: true, collation: "C"),
                    ProductCodes = table.Column<string>(type: "text", nullable: false),
                    SourceInstanceId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: true, collation: "C"),
                    SourceImageId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: true, collation: "C"),
                    SourceImageRegion = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true, collation: "C"),
                    PendingCut = table.Column<string>(type: "text", nullable: true),
                    DeregisteredAt = table.Column<long>(type: "bigint", nullable: true),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Images", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "InlinePolicies",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    OwnerKind = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    OwnerName = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    Document = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_InlinePolicies", x => new { x.AccountId, x.OwnerKind, x.OwnerName, x.Name });
                });

            migrationBuilder.CreateTable(
                name: "InstanceProfiles",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    LowerName = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    Id = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true, collation: "C"),
                    Path = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false, collation: "C"),
                    RoleName = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    CreateDate = table.Column<long>(type: "bigint", nullable: false),
                    Tags = table.Column<string>(type: "text", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_InstanceProfiles", x => new { x.AccountId, x.Name });
                });

            migrationBuilder.CreateTable(
                name: "Instances",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    NodeId = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    ReservationId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    LaunchIndex = table.Column<int>(type: "integer", nullable: false),
                    ImageId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    InstanceType = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    State = table.Column<string>(type: "text", nullable: false),
                    RebootRequested = table.Column<bool>(type: "boolean", nullable: false),
                    StopForced = table.Column<bool>(type: "boolean", nullable: false),
                    PowerSince = table.Column<long>(type: "bigint", nullable: false),
                    Phase = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    QuietFor = table.Column<string>(type: "text", nullable: false),
                    StateSince = table.Column<long>(type: "bigint", nullable: false),
                    StateReasonCode = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    StateReasonMessage = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true, collation: "C"),
                    StateTransitionReason = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    LaunchTime = table.Column<long>(type: "bigint", nullable: false),
                    CreatedAt = table.Column<long>(type: "bigint", nullable: false),
                    Platform = table.Column<string>(type: "text", nullable: false),
                    RootDeviceType = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    RootDeviceName = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    EphemeralDevices = table.Column<string>(type: "text", nullable: false),
                    KeyName = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true, collation: "C"),
                    AvailabilityZone = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    VpcId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    SubnetId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    NetworkInterfaceId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    MacAddress = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    PrivateIpAddress = table.Column<string>(type: "character varying(45)", maxLength: 45, nullable: false, collation: "C"),
                    PublicIpAddress = table.Column<string>(type: "character varying(45)", maxLength: 45, nullable: true, collation: "C"),
                    AssociatePublicIpAddress = table.Column<bool>(type: "boolean", nullable: false),
                    UserData = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    IamInstanceProfileArn = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true, collation: "C"),
                    IamInstanceProfileId = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true, collation: "C"),
                    ShutdownBehavior = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    DisableApiTermination = table.Column<bool>(type: "boolean", nullable: false),
                    DisableApiStop = table.Column<bool>(type: "boolean", nullable: false),
                    EbsOptimized = table.Column<bool>(type: "boolean", nullable: false),
                    Monitoring = table.Column<bool>(type: "boolean", nullable: false),
                    MetadataOptions = table.Column<string>(type: "text", nullable: false),
                    ClientToken = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    TerminatedAt = table.Column<long>(type: "bigint", nullable: true),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Instances", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "KeyPairs",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    KeyType = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false, collation: "C"),
                    Fingerprint = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    PublicKey = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    CreateTime = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_KeyPairs", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Keys",
                columns: table => new
                {
                    Arn = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    KeyId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    State = table.Column<string>(type: "text", nullable: false),
                    Policy = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Description = table.Column<string>(type: "character varying(8192)", maxLength: 8192, nullable: false, collation: "C"),
                    AwsManaged = table.Column<bool>(type: "boolean", nullable: false),
                    PrimaryRegion = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true, collation: "C"),
                    SealedMaterial = table.Column<byte[]>(type: "bytea", nullable: false),
                    CreationDate = table.Column<long>(type: "bigint", nullable: false),
                    DeletionDate = table.Column<long>(type: "bigint", nullable: true),
                    PendingWindowInDays = table.Column<int>(type: "integer", nullable: true),
                    Tags = table.Column<string>(type: "text", nullable: false),
                    Replicas = table.Column<int>(type: "integer", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Keys", x => x.Arn);
                });

            migrationBuilder.CreateTable(
                name: "ManagedPolicies",
                columns: table => new
                {
                    Arn = table.Column<string>(type: "character varying(700)", maxLength: 700, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    LowerName = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    Id = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    Path = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false, collation: "C"),
                    Description = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false, collation: "C"),
                    Document = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    CreateDate = table.Column<long>(type: "bigint", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ManagedPolicies", x => x.Arn);
                });

            migrationBuilder.CreateTable(
                name: "RegionSettings",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    EncryptionByDefault = table.Column<bool>(type: "boolean", nullable: false),
                    DefaultKmsKeyId = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true, collation: "C"),
                    ImageBlockPublicAccess = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    SnapshotBlockPublicAccess = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_RegionSettings", x => new { x.AccountId, x.Region });
                });

            migrationBuilder.CreateTable(
                name: "Roles",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    LowerName = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Id = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true, collation: "C"),
                    Path = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false, collation: "C"),
                    TrustPolicy = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Description = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false, collation: "C"),
                    SessionSecondsMax = table.Column<int>(type: "integer", nullable: false),
                    CreateDate = table.Column<long>(type: "bigint", nullable: false),
                    Tags = table.Column<string>(type: "text", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Roles", x => new { x.AccountId, x.Name });
                });

            migrationBuilder.CreateTable(
                name: "Settings",
                columns: table => new
                {
                    Name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Value = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Settings", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "Snapshots",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    NodeId = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    VolumeId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    VolumeSizeGiB = table.Column<int>(type: "integer", nullable: false),
                    State = table.Column<string>(type: "text", nullable: false),
                    StateMessage = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true, collation: "C"),
                    ProgressPercent = table.Column<int>(type: "integer", nullable: false),
                    StartTime = table.Column<long>(type: "bigint", nullable: false),
                    CompletionTime = table.Column<long>(type: "bigint", nullable: true),
                    Description = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    Encrypted = table.Column<bool>(type: "boolean", nullable: false),
                    KmsKeyId = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true, collation: "C"),
                    DataKeyId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    Origin = table.Column<string>(type: "text", nullable: false),
                    CutId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    SourceSnapshotId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: true, collation: "C"),
                    SourceRegion = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true, collation: "C"),
                    ParentSnapshotId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: true, collation: "C"),
                    ParentManifestId = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true, collation: "C"),
                    DirectDeadline = table.Column<long>(type: "bigint", nullable: true),
                    DirectTimeoutMinutes = table.Column<int>(type: "integer", nullable: false),
                    DirectBlocks = table.Column<int>(type: "integer", nullable: true),
                    DirectChecksum = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    ManifestId = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true, collation: "C"),
                    UploadedManifestId = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true, collation: "C"),
                    FullSizeBytes = table.Column<long>(type: "bigint", nullable: false),
                    TransferredBytes = table.Column<long>(type: "bigint", nullable: false),
                    LineageId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Platform = table.Column<string>(type: "text", nullable: true),
                    ProductCodes = table.Column<string>(type: "text", nullable: false),
                    IsPublic = table.Column<bool>(type: "boolean", nullable: false),
                    DeleteRequested = table.Column<bool>(type: "boolean", nullable: false),
                    SetId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: true, collation: "C"),
                    Lock = table.Column<string>(type: "text", nullable: true),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Snapshots", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Tags",
                columns: table => new
                {
                    ResourceId = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Key = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    Value = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    ResourceType = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Tags", x => new { x.ResourceId, x.AccountId, x.Key });
                });

            migrationBuilder.CreateTable(
                name: "Users",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    LowerName = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    Id = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: true, collation: "C"),
                    Path = table.Column<string>(type: "character varying(512)", maxLength: 512, nullable: false, collation: "C"),
                    CreateDate = table.Column<long>(type: "bigint", nullable: false),
                    Tags = table.Column<string>(type: "text", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Users", x => new { x.AccountId, x.Name });
                });

            migrationBuilder.CreateTable(
                name: "VolumeModifications",
                columns: table => new
                {
                    VolumeId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Number = table.Column<int>(type: "integer", nullable: false),
                    State = table.Column<string>(type: "text", nullable: false),
                    StatusMessage = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true, collation: "C"),
                    StartTime = table.Column<long>(type: "bigint", nullable: false),
                    EndTime = table.Column<long>(type: "bigint", nullable: true),
                    Original = table.Column<string>(type: "text", nullable: false),
                    Target = table.Column<string>(type: "text", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_VolumeModifications", x => new { x.VolumeId, x.Number });
                });

            migrationBuilder.CreateTable(
                name: "Volumes",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    NodeId = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    AvailabilityZone = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    SizeGiB = table.Column<int>(type: "integer", nullable: false),
                    VolumeType = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    Iops = table.Column<int>(type: "integer", nullable: true),
                    Throughput = table.Column<int>(type: "integer", nullable: true),
                    State = table.Column<string>(type: "text", nullable: false),
                    SnapshotId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: true, collation: "C"),
                    BaseManifestId = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true, collation: "C"),
                    BaseDataKeyId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    Encrypted = table.Column<bool>(type: "boolean", nullable: false),
                    KmsKeyId = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true, collation: "C"),
                    DataKeyId = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true, collation: "C"),
                    MultiAttachEnabled = table.Column<bool>(type: "boolean", nullable: false),
                    CreateTime = table.Column<long>(type: "bigint", nullable: false),
                    LastManifestId = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true, collation: "C"),
                    LineageId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Platform = table.Column<string>(type: "text", nullable: true),
                    ProductCodes = table.Column<string>(type: "text", nullable: false),
                    AutoEnableIO = table.Column<bool>(type: "boolean", nullable: false),
                    StateMessage = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Volumes", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Vpcs",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    CidrBlock = table.Column<string>(type: "character varying(18)", maxLength: 18, nullable: false, collation: "C"),
                    CidrAssociationId = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    DefaultKey = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: true, collation: "C"),
                    IsDefault = table.Column<bool>(type: "boolean", nullable: false),
                    DhcpOptionsId = table.Column<string>(type: "character varying(26)", maxLength: 26, nullable: false, collation: "C"),
                    RouteTableId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    RouteTableAssociationId = table.Column<string>(type: "character varying(30)", maxLength: 30, nullable: false, collation: "C"),
                    InternetGatewayId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: true, collation: "C"),
                    EnableDnsSupport = table.Column<bool>(type: "boolean", nullable: false),
                    EnableDnsHostnames = table.Column<bool>(type: "boolean", nullable: false),
                    EnableNetworkAddressUsageMetrics = table.Column<bool>(type: "boolean", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Vpcs", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Work",
                columns: table => new
                {
                    Kind = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    ResourceId = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false, collation: "C"),
                    DueAt = table.Column<long>(type: "bigint", nullable: false),
                    NodeId = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: true, collation: "C"),
                    LeaseOwner = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: true, collation: "C"),
                    LeaseUntil = table.Column<long>(type: "bigint", nullable: false),
                    Fence = table.Column<long>(type: "bigint", nullable: false),
                    Wish = table.Column<long>(type: "bigint", nullable: false),
                    Attempts = table.Column<int>(type: "integer", nullable: false),
                    LastError = table.Column<string>(type: "character varying(2000)", maxLength: 2000, nullable: true, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Work", x => new { x.Kind, x.ResourceId });
                });

            migrationBuilder.CreateTable(
                name: "LaunchPermissions",
                columns: table => new
                {
                    ImageId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Kind = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Value = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_LaunchPermissions", x => new { x.ImageId, x.Kind, x.Value });
                    table.ForeignKey(
                        name: "FK_LaunchPermissions_Images_ImageId",
                        column: x => x.ImageId,
                        principalTable: "Images",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "CreateVolumePermissions",
                columns: table => new
                {
                    SnapshotId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Kind = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Value = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_CreateVolumePermissions", x => new { x.SnapshotId, x.Kind, x.Value });
                    table.ForeignKey(
                        name: "FK_CreateVolumePermissions_Snapshots_SnapshotId",
                        column: x => x.SnapshotId,
                        principalTable: "Snapshots",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "ImageSnapshots",
                columns: table => new
                {
                    ImageId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    SnapshotId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ImageSnapshots", x => new { x.ImageId, x.SnapshotId });
                    table.ForeignKey(
                        name: "FK_ImageSnapshots_Images_ImageId",
                        column: x => x.ImageId,
                        principalTable: "Images",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_ImageSnapshots_Snapshots_SnapshotId",
                        column: x => x.SnapshotId,
                        principalTable: "Snapshots",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "VolumeAttachments",
                columns: table => new
                {
                    VolumeId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    InstanceId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Device = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    State = table.Column<string>(type: "text", nullable: false),
                    AttachTime = table.Column<long>(type: "bigint", nullable: false),
                    DeleteOnTermination = table.Column<bool>(type: "boolean", nullable: false),
                    ForceDetach = table.Column<bool>(type: "boolean", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_VolumeAttachments", x => new { x.VolumeId, x.InstanceId });
                    table.ForeignKey(
                        name: "FK_VolumeAttachments_Volumes_VolumeId",
                        column: x => x.VolumeId,
                        principalTable: "Volumes",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "SecurityGroups",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    VpcId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    Description = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_SecurityGroups", x => x.Id);
                    table.ForeignKey(
                        name: "FK_SecurityGroups_Vpcs_VpcId",
                        column: x => x.VpcId,
                        principalTable: "Vpcs",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "Subnets",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(26)", maxLength: 26, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    VpcId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    CidrBlock = table.Column<string>(type: "character varying(18)", maxLength: 18, nullable: false, collation: "C"),
                    AvailabilityZone = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    DefaultForAz = table.Column<bool>(type: "boolean", nullable: false),
                    MapPublicIpOnLaunch = table.Column<bool>(type: "boolean", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Subnets", x => x.Id);
                    table.ForeignKey(
                        name: "FK_Subnets_Vpcs_VpcId",
                        column: x => x.VpcId,
                        principalTable: "Vpcs",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "SecurityGroupRules",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    GroupId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    IsEgress = table.Column<bool>(type: "boolean", nullable: false),
                    IpProtocol = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false, collation: "C"),
                    FromPort = table.Column<int>(type: "integer", nullable: true),
                    ToPort = table.Column<int>(type: "integer", nullable: true),
                    CidrIpv4 = table.Column<string>(type: "character varying(18)", maxLength: 18, nullable: true, collation: "C"),
                    CidrIpv6 = table.Column<string>(type: "character varying(43)", maxLength: 43, nullable: true, collation: "C"),
                    ReferencedGroupId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: true, collation: "C"),
                    Description = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: true, collation: "C"),
                    Key = table.Column<string>(type: "character varying(120)", maxLength: 120, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_SecurityGroupRules", x => x.Id);
                    table.ForeignKey(
                        name: "FK_SecurityGroupRules_SecurityGroups_GroupId",
                        column: x => x.GroupId,
                        principalTable: "SecurityGroups",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "NetworkInterfaces",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    InstanceId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    VpcId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    SubnetId = table.Column<string>(type: "character varying(26)", maxLength: 26, nullable: false, collation: "C"),
                    AvailabilityZone = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    PrivateIpAddress = table.Column<string>(type: "character varying(15)", maxLength: 15, nullable: false, collation: "C"),
                    MacAddress = table.Column<string>(type: "character varying(17)", maxLength: 17, nullable: false, collation: "C"),
                    Description = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    SourceDestCheck = table.Column<bool>(type: "boolean", nullable: false),
                    AttachTime = table.Column<long>(type: "bigint", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_NetworkInterfaces", x => x.Id);
                    table.ForeignKey(
                        name: "FK_NetworkInterfaces_Instances_InstanceId",
                        column: x => x.InstanceId,
                        principalTable: "Instances",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_NetworkInterfaces_Subnets_SubnetId",
                        column: x => x.SubnetId,
                        principalTable: "Subnets",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "InterfaceGroups",
                columns: table => new
                {
                    InterfaceId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    GroupId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    GroupName = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_InterfaceGroups", x => new { x.InterfaceId, x.GroupId });
                    table.ForeignKey(
                        name: "FK_InterfaceGroups_NetworkInterfaces_InterfaceId",
                        column: x => x.InterfaceId,
                        principalTable: "NetworkInterfaces",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_InterfaceGroups_SecurityGroups_GroupId",
                        column: x => x.GroupId,
                        principalTable: "SecurityGroups",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "IX_AccessKeys_AccountId",
                table: "AccessKeys",
                column: "AccountId");

            migrationBuilder.CreateIndex(
                name: "IX_Aliases_Region_TargetKeyId",
                table: "Aliases",
                columns: new[] { "Region", "TargetKeyId" });

            migrationBuilder.CreateIndex(
                name: "IX_AttachedPolicies_PolicyArn",
                table: "AttachedPolicies",
                column: "PolicyArn");

            migrationBuilder.CreateIndex(
                name: "IX_CreateVolumePermissions_Kind_Value",
                table: "CreateVolumePermissions",
                columns: new[] { "Kind", "Value" });

            migrationBuilder.CreateIndex(
                name: "IX_DataKeys_KmsKeyArn_AccountId_Region",
                table: "DataKeys",
                columns: new[] { "KmsKeyArn", "AccountId", "Region" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Grants_KeyArn_GranteePrincipal",
                table: "Grants",
                columns: new[] { "KeyArn", "GranteePrincipal" });

            migrationBuilder.CreateIndex(
                name: "IX_Grants_RetiringPrincipal",
                table: "Grants",
                column: "RetiringPrincipal");

            migrationBuilder.CreateIndex(
                name: "IX_Grants_Token",
                table: "Grants",
                column: "Token",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_IdempotentAnswers_AnsweredAt",
                table: "IdempotentAnswers",
                column: "AnsweredAt");

            migrationBuilder.CreateIndex(
                name: "IX_ImageSnapshots_SnapshotId",
                table: "ImageSnapshots",
                column: "SnapshotId");

            migrationBuilder.CreateIndex(
                name: "IX_Images_AccountId_Region_NameKey",
                table: "Images",
                columns: new[] { "AccountId", "Region", "NameKey" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Images_Region_AccountId_Id",
                table: "Images",
                columns: new[] { "Region", "AccountId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Images_Region_IsPublic_Id",
                table: "Images",
                columns: new[] { "Region", "IsPublic", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Images_SourceImageId",
                table: "Images",
                column: "SourceImageId");

            migrationBuilder.CreateIndex(
                name: "IX_InstanceProfiles_AccountId_LowerName",
                table: "InstanceProfiles",
                columns: new[] { "AccountId", "LowerName" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_InstanceProfiles_AccountId_RoleName",
                table: "InstanceProfiles",
                columns: new[] { "AccountId", "RoleName" });

            migrationBuilder.CreateIndex(
                name: "IX_Instances_ImageId",
                table: "Instances",
                column: "ImageId");

            migrationBuilder.CreateIndex(
                name: "IX_Instances_Region_AccountId_Id",
                table: "Instances",
                columns: new[] { "Region", "AccountId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Instances_ReservationId",
                table: "Instances",
                column: "ReservationId");

            migrationBuilder.CreateIndex(
                name: "IX_Instances_SubnetId_PrivateIpAddress",
                table: "Instances",
                columns: new[] { "SubnetId", "PrivateIpAddress" });

            migrationBuilder.CreateIndex(
                name: "IX_InterfaceGroups_GroupId",
                table: "InterfaceGroups",
                column: "GroupId");

            migrationBuilder.CreateIndex(
                name: "IX_KeyPairs_AccountId_Region_Name",
                table: "KeyPairs",
                columns: new[] { "AccountId", "Region", "Name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Keys_AccountId_Region_KeyId",
                table: "Keys",
                columns: new[] { "AccountId", "Region", "KeyId" });

            migrationBuilder.CreateIndex(
                name: "IX_Keys_Region_KeyId",
                table: "Keys",
                columns: new[] { "Region", "KeyId" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_LaunchPermissions_Kind_Value",
                table: "LaunchPermissions",
                columns: new[] { "Kind", "Value" });

            migrationBuilder.CreateIndex(
                name: "IX_ManagedPolicies_AccountId_LowerName",
                table: "ManagedPolicies",
                columns: new[] { "AccountId", "LowerName" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_NetworkInterfaces_InstanceId",
                table: "NetworkInterfaces",
                column: "InstanceId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_NetworkInterfaces_Region_AccountId_Id",
                table: "NetworkInterfaces",
                columns: new[] { "Region", "AccountId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_NetworkInterfaces_SubnetId_PrivateIpAddress",
                table: "NetworkInterfaces",
                columns: new[] { "SubnetId", "PrivateIpAddress" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Roles_AccountId_LowerName",
                table: "Roles",
                columns: new[] { "AccountId", "LowerName" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_SecurityGroupRules_GroupId_Key",
                table: "SecurityGroupRules",
                columns: new[] { "GroupId", "Key" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_SecurityGroupRules_ReferencedGroupId",
                table: "SecurityGroupRules",
                column: "ReferencedGroupId");

            migrationBuilder.CreateIndex(
                name: "IX_SecurityGroups_Region_AccountId_Id",
                table: "SecurityGroups",
                columns: new[] { "Region", "AccountId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_SecurityGroups_VpcId_Name",
                table: "SecurityGroups",
                columns: new[] { "VpcId", "Name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Snapshots_Region_AccountId_Id",
                table: "Snapshots",
                columns: new[] { "Region", "AccountId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Snapshots_Region_IsPublic_Id",
                table: "Snapshots",
                columns: new[] { "Region", "IsPublic", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Snapshots_SetId",
                table: "Snapshots",
                column: "SetId");

            migrationBuilder.CreateIndex(
                name: "IX_Snapshots_SourceSnapshotId",
                table: "Snapshots",
                column: "SourceSnapshotId");

            migrationBuilder.CreateIndex(
                name: "IX_Snapshots_VolumeId",
                table: "Snapshots",
                column: "VolumeId");

            migrationBuilder.CreateIndex(
                name: "IX_Subnets_Region_AccountId_Id",
                table: "Subnets",
                columns: new[] { "Region", "AccountId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Subnets_VpcId_CidrBlock",
                table: "Subnets",
                columns: new[] { "VpcId", "CidrBlock" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Tags_AccountId_Key_Value_ResourceId",
                table: "Tags",
                columns: new[] { "AccountId", "Key", "Value", "ResourceId" });

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_LowerName",
                table: "Users",
                columns: new[] { "AccountId", "LowerName" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_VolumeAttachments_InstanceId_Device",
                table: "VolumeAttachments",
                columns: new[] { "InstanceId", "Device" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Volumes_Region_AccountId_Id",
                table: "Volumes",
                columns: new[] { "Region", "AccountId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Volumes_SnapshotId",
                table: "Volumes",
                column: "SnapshotId");

            migrationBuilder.CreateIndex(
                name: "IX_Vpcs_AccountId_Region_DefaultKey",
                table: "Vpcs",
                columns: new[] { "AccountId", "Region", "DefaultKey" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Vpcs_Region_AccountId_Id",
                table: "Vpcs",
                columns: new[] { "Region", "AccountId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Work_DueAt",
                table: "Work",
                column: "DueAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "AccessKeys");

            migrationBuilder.DropTable(
                name: "AccountNetworks");

            migrationBuilder.DropTable(
                name: "Accounts");

            migrationBuilder.DropTable(
                name: "Aliases");

            migrationBuilder.DropTable(
                name: "AttachedPolicies");

            migrationBuilder.DropTable(
                name: "CreateVolumePermissions");

            migrationBuilder.DropTable(
                name: "DataKeys");

            migrationBuilder.DropTable(
                name: "Grants");

            migrationBuilder.DropTable(
                name: "IdempotentAnswers");

            migrationBuilder.DropTable(
                name: "ImageSnapshots");

            migrationBuilder.DropTable(
                name: "InlinePolicies");

            migrationBuilder.DropTable(
                name: "InstanceProfiles");

            migrationBuilder.DropTable(
                name: "InterfaceGroups");

            migrationBuilder.DropTable(
                name: "KeyPairs");

            migrationBuilder.DropTable(
                name: "Keys");

            migrationBuilder.DropTable(
                name: "LaunchPermissions");

            migrationBuilder.DropTable(
                name: "ManagedPolicies");

            migrationBuilder.DropTable(
                name: "RegionSettings");

            migrationBuilder.DropTable(
                name: "Roles");

            migrationBuilder.DropTable(
                name: "SecurityGroupRules");

            migrationBuilder.DropTable(
                name: "Settings");

            migrationBuilder.DropTable(
                name: "Tags");

            migrationBuilder.DropTable(
                name: "Users");

            migrationBuilder.DropTable(
                name: "VolumeAttachments");

            migrationBuilder.DropTable(
                name: "VolumeModifications");

            migrationBuilder.DropTable(
                name: "Work");

            migrationBuilder.DropTable(
                name: "Snapshots");

            migrationBuilder.DropTable(
                name: "NetworkInterfaces");

            migrationBuilder.DropTable(
                name: "Images");

            migrationBuilder.DropTable(
                name: "SecurityGroups");

            migrationBuilder.DropTable(
                name: "Volumes");

            migrationBuilder.DropTable(
                name: "Instances");

            migrationBuilder.DropTable(
                name: "Subnets");

            migrationBuilder.DropTable(
                name: "Vpcs");
        }
    }
}
