// Volumes gives each claim of the storage class a directory on its node and takes it
// away again. The claim and volume state machine is the Kubernetes project's own
// library; only "make a directory" and "remove a directory" are ours, because the
// provisioners that exist start a helper Pod per volume, which costs seconds each.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v10/controller"
)

const hostnameLabel = "kubernetes.io/hostname"

type directories struct{ root string }

// Provision makes the directory on the node that the scheduler has chosen. All nodes
// share this machine's file system, so that one process can serve every node.
func (d directories) Provision(
	_ context.Context, options controller.ProvisionOptions,
) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC
	if options.SelectedNode == nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("no node chosen yet for claim %s/%s", claim.Namespace, claim.Name)
	}
	if claim.Spec.Selector != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("claim %s/%s: selectors are not supported", claim.Namespace, claim.Name)
	}
	for _, mode := range claim.Spec.AccessModes {
		if mode != v1.ReadWriteOnce && mode != v1.ReadWriteOncePod {
			return nil, controller.ProvisioningFinished, fmt.Errorf("claim %s/%s: access mode %s needs a shared file system", claim.Namespace, claim.Name, mode)
		}
	}
	node := options.SelectedNode.Labels[hostnameLabel]
	path := filepath.Join(d.root, node, claim.Namespace+"_"+claim.Name+"_"+options.PVName)
	if err := makeDirectory(path); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return volume(options, node, path), controller.ProvisioningFinished, nil
}

// makeDirectory opens the directory to every user: a Pod without an fsGroup may run
// as any. The parent is closed to all but root, so nobody else gets there.
func makeDirectory(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return os.Chmod(path, 0o777)
}

func volume(options controller.ProvisionOptions, node, path string) *v1.PersistentVolume {
	filesystem := v1.PersistentVolumeFilesystem
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			VolumeMode:                    &filesystem,
			Capacity: v1.ResourceList{
				v1.ResourceStorage: options.PVC.Spec.Resources.Requests[v1.ResourceStorage],
			},
			// A local volume, unlike a hostPath, honours a Pod's fsGroup.
			PersistentVolumeSource: v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			NodeAffinity: &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{
				NodeSelectorTerms: []v1.NodeSelectorTerm{{
					MatchExpressions: []v1.NodeSelectorRequirement{{
						Key: hostnameLabel, Operator: v1.NodeSelectorOpIn, Values: []string{node},
					}},
				}},
			}},
		},
	}
}

// Delete removes the directory, and refuses a path that is not under the root: the
// volume object is writable by administrators, and this process runs as root.
func (d directories) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	if volume.Spec.Local == nil {
		return &controller.IgnoredError{Reason: "not a local volume"}
	}
	path := filepath.Clean(volume.Spec.Local.Path)
	inside, err := filepath.Rel(d.root, path)
	if err != nil || !filepath.IsLocal(inside) || filepath.Dir(inside) == "." {
		return fmt.Errorf("volume %s: %s is not a volume's directory under %s", volume.Name, path, d.root)
	}
	return os.RemoveAll(path)
}

func run() error {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server")
	root := flag.String("root", "", "the directory that holds the volumes")
	name := flag.String("provisioner", "", "the provisioner's name in the storage class")
	klog.InitFlags(nil)
	flag.Parse()
	if *kubeconfig == "" || *root == "" || *name == "" {
		return fmt.Errorf("--kubeconfig, --root and --provisioner are needed")
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	controller.NewProvisionController(
		klog.FromContext(ctx), client, *name, directories{root: filepath.Clean(*root)},
		controller.LeaderElection(false),
		// The finalizer keeps a volume object until its directory is gone.
		controller.AddFinalizer(true),
	).Run(ctx)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "volumes:", err)
		os.Exit(1)
	}
}
